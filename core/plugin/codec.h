/* The call codec (plugins.host: codec): every call between host and plugin becomes a frame and is
 * decoded, made, and its results come back the same way; sinks are frames with credit, the host's
 * services reverse calls.  No pointer crosses.  Here both sides stand in one process and a wire
 * hands frames over at once; a child host needs another wire and nothing else (codec_peer.h). */
#ifndef ALLORA_PLUGIN_CODEC_H
#define ALLORA_PLUGIN_CODEC_H
#include "plugin/wrap.h"

struct wrap *codec_new(const struct wrap_options *o) A_MUST_CHECK;
#endif
