/* What the SDK's own files share.  Not installed. */
#ifndef SDK_INTERNAL_H
#define SDK_INTERNAL_H
#include <allora/sdk.h>

/* Memory by the page from host->alloc, so that small pieces cost no call through the ABI. */
struct sdk_pool {
    const allora_host *host;
    allora_ctx *ctx;
    char *at;
    size_t left;
};
/* 8-aligned, not zeroed; NULL when memory is out. */
void *sdk_pool_get(struct sdk_pool *, size_t size);

enum { SDK_JSON_UNIQUE = 1u /* members of one object must have different names */ };
int32_t sdk_json_read(struct sdk_pool *, allora_str text, uint32_t flags, const sdk_json **ret,
                      allora_error *err);
/* Reads one member of an object text and steps over the others; *ret is NULL when there is none. */
int32_t sdk_json_member_of(const allora_host *, allora_ctx *, allora_str text, const char *key,
                           const sdk_json **ret, allora_error *err);
/* Length of the UTF-8 sequence at p (RFC 3629), 0 when it is none.  p < end. */
size_t sdk_utf8_length(const unsigned char *p, const unsigned char *end);
/* The configured or the usual one. */
int32_t sdk_endpoint(const sdk_api *, const allora_instance *, allora_ctx *, const char **ret,
                     allora_error *err);
/* As sdk_get(), with a whole URL. */
int32_t sdk_get_url(const sdk_api *, const allora_instance *, allora_ctx *, const char *url,
                    sdk_reply *ret, allora_error *err);
#endif
