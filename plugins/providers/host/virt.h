/* What kind of virtual machine or container a root is, by the signs that systemd-detect-virt(1)
 * goes by. */
#ifndef HOST_VIRT_H
#define HOST_VIRT_H
#include "root.h"

/* systemd-detect-virt's words: docker, podman, lxc, kvm, vmware, …; "vm-other"; "none" on bare
 * metal; NULL where nothing tells.  [static] */
const char *virt_detect(const struct root *r);
#endif
