/* A whole provider: one table over a paging HTTP API.  Everything else stands in plugin.json. */
#include <allora/sdk.h>

static const sdk_api api = {
    .endpoint = "https://api.weather.example", .next = "next_page", .next_parameter = "page"};

static int32_t list_cities(allora_instance *self, allora_ctx *ctx, const allora_list_request *req,
                           const allora_sink *sink, allora_error *err)
{
    sdk_rows out = SDK_ROWS(self, ctx, req, sink);
    SDK_PAGES (page, &api, &out, "/cities", "items", err) {
        sdk_foreach (city, page.items) {
            if (sdk_row(&out, sdk_text(city, "name"), sdk_real(city, "now.temp_c"),
                        sdk_time(city, "now.at")))
                return out.status; /* the reader has enough */
        }
    }
    return page.status;
}

ALLORA_PROVIDER_PLUGIN(weather, {"weather_city", list_cities});
