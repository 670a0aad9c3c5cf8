/* Changing a file of the configuration: which one, one at a time, and nothing but whole files. */
#ifndef ALLORA_OPERATION_CONFIG_FILE_H
#define ALLORA_OPERATION_CONFIG_FILE_H
#include "base/buf.h"
#include "base/ctx.h"
#include "config/config.h"
#include <sys/types.h>

/* The file of the layer: the one there is, or the one to be made. */
int32_t config_target(const struct config *c, const char *layer, struct config_file *ret,
                      allora_error *err);
struct config_change {
    struct config_file file;
    int lock;    /* the folder, locked; -1 */
    bool exists; /* the file */
    mode_t mode; /* of the file, or of the one to be made */
    struct buf text;
};
/* Makes the folder if need be, locks it against other changes, reads the file.  Waits for others as
 * long as ctx may, 10 s at most.  E_DENIED when the file is somebody else's. */
int32_t config_change_begin(struct config_change *ch, allora_ctx *ctx, allora_error *err);
int32_t config_change_write(const struct config_change *ch, const struct buf *text,
                            allora_error *err);
void config_change_end(struct config_change *ch);
#endif
