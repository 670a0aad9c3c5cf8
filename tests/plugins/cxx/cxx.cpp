// The SDK from C++: the same macros, sdk_row() as a template, cleanup at the end of the scope.
#include <allora/sdk.h>

static int32_t list_squares(allora_instance *self, allora_ctx *ctx, const allora_list_request *req,
                            const allora_sink *sink, allora_error *)
{
    sdk_rows out = SDK_ROWS(self, ctx, req, sink);
    for (int64_t n = 1; n <= 100; n++)
        if (sdk_row(&out, sdk_cell_int(n), sdk_cell_int(n * n),
                    sdk_cell_text(n % 2 ? "odd" : "even")))
            return out.status;
    return out.status;
}

// Never called; it compiles, which is its test.
[[maybe_unused]] static int32_t list_pages(allora_instance *self, allora_ctx *ctx,
                                           const allora_list_request *req, const allora_sink *sink,
                                           allora_error *err)
{
    static sdk_api api;
    api.endpoint = "https://api.example.com";
    sdk_rows out = SDK_ROWS(self, ctx, req, sink);
    SDK_PAGES (page, &api, &out, "/items", "items", err) {
        sdk_foreach (item, page.items) {
            if (sdk_row(&out, sdk_int(item, "n")))
                return out.status;
        }
    }
    return page.status;
}

ALLORA_EMBED_MANIFEST("plugin.json");
ALLORA_PROVIDER_PLUGIN(cxx, {"cxx_square", list_squares});
