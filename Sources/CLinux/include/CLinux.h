// Linux calls that Swift's Glibc module does not show.
//
// This header must not define _GNU_SOURCE: with it the types here would differ from those of the Glibc module, and
// Swift would refuse both. CLinux.c defines it, and asserts that the twin types below have the kernel's layout.
#ifndef CLINUX_H
#define CLINUX_H

#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>

// A twin of struct mmsghdr.
struct cl_message {
  struct msghdr header;
  unsigned int length;
};

// What epoll reports; the kernel's own struct is packed, which Swift cannot import.
struct cl_event {
  uint32_t events;
  uint64_t token;
};

enum {
  CL_READABLE = 1,
  CL_WRITABLE = 4,
  CL_ERROR = 8,
  CL_HANGUP = 16,
};

// O_PATH, which looks at a file without opening it.
enum { CL_PATH = 010000000 };

// Every call returns what the system call does, or the negated errno unless it says -1 and errno. None is repeated after
// EINTR unless it says so.
int cl_receive_messages(int descriptor, struct cl_message *messages, unsigned int count);
int cl_send_messages(int descriptor, struct cl_message *messages, unsigned int count);
int cl_epoll_create(void);
int cl_epoll_add(int epoll, int descriptor, uint32_t events, uint64_t token);
int cl_epoll_change(int epoll, int descriptor, uint32_t events, uint64_t token);
int cl_epoll_remove(int epoll, int descriptor);
int cl_epoll_wait(int epoll, struct cl_event *events, int count, int timeout_milliseconds);
int cl_eventfd(void);
int cl_signalfd(const int *signals, size_t count);
int cl_signalfd_read(int descriptor);
int cl_accept(int descriptor, struct sockaddr_storage *from);
// Which user made a connection to a Unix socket.
int cl_peer_user(int descriptor, uint32_t *user);
// Raises the soft limit of open descriptors to the hard one; how many may be open then.
int cl_raise_descriptor_limit(void);
// Fills the whole buffer, after EINTR too.
int cl_random(void *buffer, size_t count);
// Swaps two entries of a folder in one step (renameat2 with RENAME_EXCHANGE); -1 and errno.
int cl_exchange(int folder, const char *one, const char *other);
// Opens what stands below a folder, however its links are set meanwhile (openat2 with RESOLVE_BENEATH and
// RESOLVE_NO_MAGICLINKS; RESOLVE_NO_SYMLINKS unless links within the folder are followed); -1 and errno.
int cl_open_beneath(int folder, const char *path, int flags, int follows_links);
// Binds the calling thread to one core.
int cl_pin_to_core(unsigned int core);
// Names the calling thread, with 15 characters at most.
int cl_name_thread(const char *name);
// Turns on the ancillary data that tells a wildcard socket which of its addresses a datagram was sent to.
int cl_enable_packet_info(int descriptor, int family);
// Room for that ancillary data of one datagram.
size_t cl_packet_info_size(void);
// Makes that ancillary data fit for the answer to a datagram: it names the address to answer from and, as it came, the
// interface too, which would take the choice from the routing table. Only link-local addresses (RFC 4291 §2.5.6, RFC
// 3927) mean something on one interface alone; there it stays.
void cl_leave_route_open(struct msghdr *message);
// Never fragment what this socket sends, and take no path's word for a smaller limit (RFC 9715 §3.1).
int cl_set_dont_fragment(int descriptor, int family);

// Gives freed memory back to the kernel.
void cl_return_freed_memory(void);

#endif
