/* Changing one key in the text of a configuration file, and nothing else.
 *
 * Comments, order, blank lines, quotes, indentation and line ends stay as they are: the text is cut
 * where libyaml says a value stands, read again, and compared with what it ought to say now.  What
 * cannot be changed so for certain (anchors and aliases, tags, comments inside of what would be
 * replaced) is refused in words, and nothing is lost. */
#ifndef ALLORA_CONFIG_EDIT_H
#define ALLORA_CONFIG_EDIT_H
#include "base/buf.h"
#include "base/json.h"
#include <allora/plugin.h>

/* Sets the dotted key to the value, or takes it out (NULL); groups on the way are made, and taken
 * out once empty.  name: the file as errors call it; one that ends in ".json" is held to JSON.
 * out: the new text.  E_NOTFOUND: there is nothing to take out; E_CONFIG: the text is broken, or
 * cannot be changed safely. */
int32_t config_edit(const char *name, const char *text, size_t len, const char *dotted_key,
                    const json_node *value, struct buf *out, allora_error *err);
#endif
