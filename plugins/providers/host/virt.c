#include "virt.h"
#include "cpuinfo.h"
#include "text.h"
#include <stdlib.h>
#include <string.h>

struct sign {
    const char *starts, *kind;
};

static bool file_text(const struct root *r, const char *path, struct bytes *buf)
{
    return root_read(r, path, buf, 4096) == 0 && text_trim(buf->p, buf->len) > 0;
}

static const char *match(const char *text, const struct sign *signs, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (strncmp(text, signs[i].starts, strlen(signs[i].starts)) == 0)
            return signs[i].kind;
    return NULL;
}

static const char *container(const struct root *r, struct bytes *buf)
{
    static const struct sign managers[] = {{"docker", "docker"},
                                           {"podman", "podman"},
                                           {"lxc", "lxc"},
                                           {"systemd-nspawn", "systemd-nspawn"},
                                           {"oci", "container-other"}};
    struct stat st;
    if (file_text(r, "run/systemd/container", buf)) {
        const char *kind = match(buf->p, managers, sizeof managers / sizeof managers[0]);
        return kind ? kind : "container-other";
    }
    if (root_stat(r, "run/.containerenv", true, &st) == 0)
        return "podman";
    if (root_stat(r, ".dockerenv", true, &st) == 0)
        return "docker";
    return NULL;
}

static const char *by_dmi(const struct root *r, struct bytes *buf)
{
    static const char *const files[] = {
        "sys/class/dmi/id/product_name", "sys/class/dmi/id/sys_vendor",
        "sys/class/dmi/id/board_vendor", "sys/class/dmi/id/bios_vendor"};
    static const struct sign signs[] = {{"KVM", "kvm"},
                                        {"OpenStack", "kvm"},
                                        {"QEMU", "qemu"},
                                        {"VMware", "vmware"},
                                        {"VMW", "vmware"},
                                        {"innotek GmbH", "oracle"},
                                        {"VirtualBox", "oracle"},
                                        {"Oracle Corporation", "oracle"},
                                        {"Xen", "xen"},
                                        {"Bochs", "bochs"},
                                        {"Parallels", "parallels"},
                                        {"BHYVE", "bhyve"},
                                        {"Hyper-V", "microsoft"},
                                        {"Virtual Machine", "microsoft"},
                                        {"Apple Virtualization", "apple"}};
    for (size_t i = 0; i < sizeof files / sizeof files[0]; i++) {
        const char *kind = file_text(r, files[i], buf)
                               ? match(buf->p, signs, sizeof signs / sizeof signs[0])
                               : NULL;
        if (kind)
            return kind;
    }
    return NULL;
}

static bool has_word(const char *text, const char *word)
{
    const char *found;
    size_t n;
    while (text && text_word(&text, &found, &n))
        if (n == strlen(word) && memcmp(found, word, n) == 0)
            return true;
    return false;
}

const char *virt_detect(const struct root *r)
{
    struct bytes buf = {0};
    const char *kind = container(r, &buf);
    if (!kind) {
        struct cpuinfo info = {0};
        cpuinfo_read(&info, r);
        /* Only x86 says in cpuinfo whether a hypervisor is there; elsewhere DMI alone speaks. */
        bool x86 = info.n && info.all[0].flags && has_word(info.all[0].flags, "fpu");
        bool hypervisor = x86 && has_word(info.all[0].flags, "hypervisor");
        cpuinfo_free(&info);
        if (hypervisor || !x86)
            kind = by_dmi(r, &buf);
        if (!kind && file_text(r, "sys/hypervisor/type", &buf) && strcmp(buf.p, "xen") == 0)
            kind = "xen";
        if (!kind && x86)
            kind = hypervisor ? "vm-other" : "none";
    }
    bytes_free(&buf);
    return kind;
}
