/* allora.listen/1: where a plugin may listen and where not, and what it gets. */
#include "services_help.h"

#include "base/fs.h"
#include "config/config.h"
#include "plugin/listen_address.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <pthread.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

static struct caller c;
static struct config *config;
static char room[] = "/tmp/allora-listen-XXXXXX";

static int setup(void **state)
{
    (void)state;
    caller_open(&c, "server", "{\"listen\":true}");
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    caller_close(&c);
    return 0;
}

static void configure(const char *yaml)
{
    char path[256];
    allora_error err = ERR_INIT;
    (void)snprintf(path, sizeof path, "%s/config.yaml", room);
    assert_int_equal(fs_write_atomic(path, yaml, strlen(yaml), 0600, &err), ALLORA_OK);
    if (config)
        config_close(config);
    config = NULL;
    const struct config_options options = {.file = path, .system_dir = room};
    if (config_open(&options, &config, &err))
        fail_msg("%s: %s", err.message, err.hint);
    c.registry.config = config;
}

static void parses_addresses(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        int32_t rc;
        enum listen_kind kind;
        bool tls;
        const char *said;
    } cases[] = {
        {"127.0.0.1:80", 0, LISTEN_INET, false, "127.0.0.1:80"},
        {"localhost:0", 0, LISTEN_INET, false, "127.0.0.1:0"},
        {"[::1]:65535", 0, LISTEN_INET, false, "[::1]:65535"},
        {"tls:0.0.0.0:8443", 0, LISTEN_INET, true, "0.0.0.0:8443"},
        {"unix:/run/x.sock", 0, LISTEN_UNIX, false, "unix:/run/x.sock"},
        {"activation:", 0, LISTEN_ACTIVATION, false, NULL},
        {"activation:web", 0, LISTEN_ACTIVATION, false, NULL},
        {"", ALLORA_E_ARG, 0, false, NULL},
        {":80", ALLORA_E_ARG, 0, false, NULL},
        {"80", ALLORA_E_ARG, 0, false, NULL},
        {"127.0.0.1:", ALLORA_E_ARG, 0, false, NULL},
        {"127.0.0.1:65536", ALLORA_E_ARG, 0, false, NULL},
        {"127.0.0.1:80x", ALLORA_E_ARG, 0, false, NULL},
        {"::1:80", ALLORA_E_ARG, 0, false, NULL},
        {"example.com:80", ALLORA_E_ARG, 0, false, NULL},
        {"unix:run/x.sock", ALLORA_E_ARG, 0, false, NULL},
        {NULL, ALLORA_E_ARG, 0, false, NULL},
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct listen_address a;
        char text[160];
        allora_error err = ERR_INIT;
        assert_int_equal(listen_parse(cases[i].text, &a, &err), cases[i].rc);
        if (cases[i].rc)
            continue;
        assert_int_equal(a.kind, cases[i].kind);
        assert_int_equal(a.tls, cases[i].tls);
        if (cases[i].said) {
            assert_true(listen_text((struct sockaddr *)&a.addr, a.len, text, sizeof text));
            assert_string_equal(text, cases[i].said);
        }
    }
}

/* The rule, without opening anything: loopback; configured; public only with TLS. */
static void permits_by_reach(void **state)
{
    (void)state;
    configure("listen:\n  allow: [\"10.1.2.3:*\", \"0.0.0.0:8443\", \"[2001:db8::1]:443\", "
              "\"[fd00::1]:1\"]\n");
    static const struct {
        const char *text;
        int32_t rc;
        const char *words;
    } cases[] = {
        {"127.0.0.1:1", 0, ""},
        {"127.8.9.10:1", 0, ""},
        {"[::1]:1", 0, ""},
        {"[::ffff:127.0.0.1]:1", 0, ""},
        {"unix:/tmp/x", 0, ""},
        {"10.1.2.3:99", 0, ""},
        {"10.1.2.4:99", ALLORA_E_DENIED, "can be reached from other machines"},
        {"192.168.1.1:1", ALLORA_E_DENIED, "can be reached from other machines"},
        {"0.0.0.0:8443", ALLORA_E_DENIED, "would not speak TLS"},
        {"tls:0.0.0.0:8443", 0, ""},
        {"tls:0.0.0.0:8444", ALLORA_E_DENIED, "can be reached from other machines"},
        {"[::]:8443", ALLORA_E_DENIED, "can be reached from other machines"},
        {"[2001:db8::1]:443", ALLORA_E_DENIED, "would not speak TLS"},
        {"tls:[2001:db8::1]:443", 0, ""},
        {"[fd00::1]:1", 0, ""},
        {"8.8.8.8:53", ALLORA_E_DENIED, "can be reached from other machines"},
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct listen_address a;
        allora_error err = ERR_INIT;
        assert_int_equal(listen_parse(cases[i].text, &a, &err), ALLORA_OK);
        int32_t rc = listen_permitted(config, (struct sockaddr *)&a.addr, a.len, a.tls, &err);
        if (rc != cases[i].rc)
            fail_msg("%s: %d %s", cases[i].text, rc, err.message);
        assert_non_null(strstr(err.message, cases[i].words));
    }
    configure("listen: {allow: \"10.*\"}\n"); /* a single one */
    struct listen_address a;
    allora_error err = ERR_INIT;
    assert_int_equal(listen_parse("10.0.0.1:5", &a, &err), ALLORA_OK);
    assert_int_equal(listen_permitted(config, (struct sockaddr *)&a.addr, a.len, false, &err), 0);
    assert_int_equal(listen_permitted(NULL, (struct sockaddr *)&a.addr, a.len, false, &err),
                     ALLORA_E_DENIED);
}

static void check_socket(int fd)
{
    int on = 0;
    socklen_t size = sizeof on;
    assert_true(fcntl(fd, F_GETFD) & FD_CLOEXEC);
    assert_true(fcntl(fd, F_GETFL) & O_NONBLOCK);
    assert_int_equal(getsockopt(fd, SOL_SOCKET, SO_ACCEPTCONN, &on, &size), 0);
    assert_int_equal(on, 1);
}

static void opens_loopback(void **state)
{
    (void)state;
    allora_error err = ERR_INIT;
    struct sockaddr_in in = {0};
    socklen_t len = sizeof in;
    int32_t fd = -1, second = -1;
    if (host_listen.open(c.ctx, "127.0.0.1:0", &fd, &err))
        fail_msg("%s", err.message);
    check_socket(fd);
    assert_int_equal(getsockname(fd, (struct sockaddr *)&in, &len), 0);
    assert_true(ntohs(in.sin_port) > 0);
    char again[32];
    (void)snprintf(again, sizeof again, "127.0.0.1:%u", ntohs(in.sin_port));
    assert_int_equal(host_listen.open(c.ctx, again, &second, &err), ALLORA_E_CONFLICT);
    assert_int_equal(second, -1);
    /* A connection in TIME_WAIT does not keep the port. */
    int client = socket(AF_INET, SOCK_STREAM, 0), server;
    assert_int_equal(connect(client, (struct sockaddr *)&in, len), 0);
    for (int i = 0; (server = accept(fd, NULL, NULL)) < 0 && i < 1000; i++)
        (void)usleep(1000);
    assert_true(server >= 0);
    (void)close(server);
    (void)close(client);
    (void)close(fd);
    if (host_listen.open(c.ctx, again, &fd, &err))
        fail_msg("%s", err.message);
    (void)close(fd);
    if (host_listen.open(c.ctx, "[::1]:0", &fd, &err) == ALLORA_OK) { /* where there is IPv6 */
        check_socket(fd);
        (void)close(fd);
    }
    assert_int_equal(host_listen.open(c.ctx, "0.0.0.0:0", &fd, &err), ALLORA_E_DENIED);
    ctx_cancel(c.ctx, ALLORA_E_CANCELLED);
    assert_int_equal(host_listen.open(c.ctx, "127.0.0.1:0", &fd, &err), ALLORA_E_CANCELLED);
}

static void opens_unix_sockets(void **state)
{
    (void)state;
    allora_error err = ERR_INIT;
    struct stat st;
    char address[256], *path = address + 5;
    int32_t fd = -1, second = -1;
    (void)snprintf(address, sizeof address, "unix:%s/s", room);
    allora_ctx *scope = ctx_open(c.ctx, NULL, 0, 0);
    if (host_listen.open(scope, address, &fd, &err))
        fail_msg("%s", err.message);
    check_socket(fd);
    assert_int_equal(stat(path, &st), 0);
    assert_int_equal(st.st_mode & 0777, 0600);
    assert_int_equal(host_listen.open(c.ctx, address, &second, &err), ALLORA_E_CONFLICT);
    ctx_close(scope);
    assert_int_equal(stat(path, &st), -1); /* gone with the ctx */
    (void)close(fd);

    /* What a process that died has left is taken over; what isn't a socket stays. */
    struct sockaddr_un un = {.sun_family = AF_UNIX};
    (void)snprintf(un.sun_path, sizeof un.sun_path, "%.*s", (int)sizeof un.sun_path - 1, path);
    int dead = socket(AF_UNIX, SOCK_STREAM, 0);
    assert_int_equal(bind(dead, (struct sockaddr *)&un, sizeof un), 0);
    (void)close(dead);
    scope = ctx_open(c.ctx, NULL, 0, 0);
    if (host_listen.open(scope, address, &fd, &err))
        fail_msg("%s", err.message);
    /* Somebody put another file there meanwhile: it isn't ours to remove. */
    assert_int_equal(unlink(path), 0);
    assert_int_equal(mkdir(path, 0700), 0);
    ctx_close(scope);
    (void)close(fd);
    assert_int_equal(host_listen.open(c.ctx, address, &fd, &err), ALLORA_E_CONFLICT);
    assert_int_equal(rmdir(path), 0);

    assert_int_equal(chmod(room, 0777), 0);
    assert_int_equal(host_listen.open(c.ctx, address, &fd, &err), ALLORA_E_DENIED);
    assert_int_equal(chmod(room, 0700), 0);
    (void)snprintf(address, sizeof address, "unix:%s/nowhere/s", room);
    assert_int_equal(host_listen.open(c.ctx, address, &fd, &err), ALLORA_E_ARG);
}

/* In a child, as a service manager starts it: descriptors from 3 on, their names in order. */
static int activated_child(void)
{
    allora_error err = ERR_INIT;
    char pid[16];
    int32_t fd = -1;
    int one = socket(AF_INET, SOCK_STREAM, 0), two = socket(AF_UNIX, SOCK_STREAM, 0);
    struct sockaddr_in in = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    struct sockaddr_un un = {.sun_family = AF_UNIX};
    (void)snprintf(un.sun_path, sizeof un.sun_path, "%s/a", room);
    if (bind(one, (struct sockaddr *)&in, sizeof in) || listen(one, 5) ||
        bind(two, (struct sockaddr *)&un, sizeof un) || listen(two, 5) || dup2(one, 53) != 53 ||
        dup2(two, 54) != 54 || dup2(53, 3) != 3 || dup2(54, 4) != 4 || dup2(1, 5) != 5)
        return 1;
    (void)snprintf(pid, sizeof pid, "%d", (int)getpid());
    if (host_listen.open(c.ctx, "activation:", &fd, &err) != ALLORA_E_NOTFOUND)
        return 2;
    (void)setenv("LISTEN_PID", pid, 1);
    (void)setenv("LISTEN_FDS", "3", 1);
    (void)setenv("LISTEN_FDNAMES", "web:admin:odd", 1);
    if (host_listen.open(c.ctx, "activation:admin", &fd, &err) || fd != 4)
        return 3;
    if (host_listen.open(c.ctx, "activation:admin", &fd, &err) != ALLORA_E_NOTFOUND)
        return 4;
    if (host_listen.open(c.ctx, "activation:", &fd, &err) || fd != 3)
        return 5;
    if (host_listen.open(c.ctx, "activation:odd", &fd, &err) != ALLORA_E_ARG)
        return 6;
    if (!(fcntl(3, F_GETFD) & FD_CLOEXEC) || !(fcntl(3, F_GETFL) & O_NONBLOCK))
        return 7;
    (void)unlink(un.sun_path);
    return 0;
}

static void takes_activated_sockets(void **state)
{
    (void)state;
    int status = 0;
    pid_t pid = fork();
    if (pid == 0)
        _exit(activated_child());
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_int_equal(status, 0);
}

#define EACH(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
int main(void)
{
    const struct CMUnitTest tests[] = {
        EACH(parses_addresses),   EACH(permits_by_reach),        EACH(opens_loopback),
        EACH(opens_unix_sockets), EACH(takes_activated_sockets),
    };
    if (!mkdtemp(room))
        return 1;
    (void)setenv("HOME", room, 1);
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    char path[256];
    (void)snprintf(path, sizeof path, "%s/config.yaml", room);
    (void)unlink(path);
    (void)rmdir(room);
    if (config)
        config_close(config);
    return failed;
}
