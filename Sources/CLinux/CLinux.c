#define _GNU_SOURCE
#include "CLinux.h"

#include <malloc.h>
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <limits.h>
#include <netinet/in.h>
#include <netinet/ip.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/random.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <sys/syscall.h>
#include <unistd.h>

_Static_assert(sizeof(struct cl_message) == sizeof(struct mmsghdr), "cl_message is the size of mmsghdr");
_Static_assert(offsetof(struct cl_message, header) == offsetof(struct mmsghdr, msg_hdr), "headers stand alike");
_Static_assert(offsetof(struct cl_message, length) == offsetof(struct mmsghdr, msg_len), "lengths stand alike");
_Static_assert(CL_READABLE == (int)EPOLLIN && CL_WRITABLE == (int)EPOLLOUT, "events are the kernel's");
_Static_assert(CL_PATH == O_PATH, "the flag is the kernel's");
_Static_assert(CL_ERROR == (int)EPOLLERR && CL_HANGUP == (int)EPOLLHUP, "failures are the kernel's");

static int result(int returned) { return returned < 0 ? -errno : returned; }

int cl_receive_messages(int descriptor, struct cl_message *messages, unsigned int count) {
  return result(recvmmsg(descriptor, (struct mmsghdr *)messages, count, MSG_DONTWAIT, NULL));
}

int cl_send_messages(int descriptor, struct cl_message *messages, unsigned int count) {
  return result(sendmmsg(descriptor, (struct mmsghdr *)messages, count, MSG_DONTWAIT));
}

int cl_epoll_create(void) { return result(epoll_create1(EPOLL_CLOEXEC)); }

static int control(int epoll, int operation, int descriptor, uint32_t events, uint64_t token) {
  struct epoll_event event = {.events = events, .data.u64 = token};
  return result(epoll_ctl(epoll, operation, descriptor, &event));
}

int cl_epoll_add(int epoll, int descriptor, uint32_t events, uint64_t token) {
  return control(epoll, EPOLL_CTL_ADD, descriptor, events, token);
}

int cl_epoll_change(int epoll, int descriptor, uint32_t events, uint64_t token) {
  return control(epoll, EPOLL_CTL_MOD, descriptor, events, token);
}

int cl_epoll_remove(int epoll, int descriptor) { return control(epoll, EPOLL_CTL_DEL, descriptor, 0, 0); }

int cl_epoll_wait(int epoll, struct cl_event *events, int count, int timeout_milliseconds) {
  struct epoll_event ready[64];
  int n = epoll_wait(epoll, ready, count < 64 ? count : 64, timeout_milliseconds);
  for (int i = 0; i < n; i++) events[i] = (struct cl_event){ready[i].events, ready[i].data.u64};
  return result(n);
}

int cl_eventfd(void) { return result(eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)); }

int cl_signalfd(const int *signals, size_t count) {
  sigset_t set;
  sigemptyset(&set);
  for (size_t i = 0; i < count; i++) sigaddset(&set, signals[i]);
  int blocked = pthread_sigmask(SIG_BLOCK, &set, NULL);
  return blocked ? -blocked : result(signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK));
}

int cl_signalfd_read(int descriptor) {
  struct signalfd_siginfo info;
  ssize_t n = read(descriptor, &info, sizeof info);
  return n == sizeof info ? (int)info.ssi_signo : n < 0 ? -errno : -EIO;
}

int cl_accept(int descriptor, struct sockaddr_storage *from) {
  socklen_t length = sizeof *from;
  return result(accept4(descriptor, (struct sockaddr *)from, &length, SOCK_CLOEXEC | SOCK_NONBLOCK));
}

int cl_peer_user(int descriptor, uint32_t *user) {
  struct ucred peer;
  socklen_t length = sizeof peer;
  if (getsockopt(descriptor, SOL_SOCKET, SO_PEERCRED, &peer, &length) < 0) return -errno;
  *user = peer.uid;
  return 0;
}

int cl_raise_descriptor_limit(void) {
  struct rlimit limit;
  if (getrlimit(RLIMIT_NOFILE, &limit) < 0) return -errno;
  rlim_t soft = limit.rlim_cur;
  limit.rlim_cur = limit.rlim_max;
  if (setrlimit(RLIMIT_NOFILE, &limit) < 0) limit.rlim_cur = soft;
  return limit.rlim_cur > INT_MAX ? INT_MAX : (int)limit.rlim_cur;
}

int cl_random(void *buffer, size_t count) {
  unsigned char *at = buffer;
  while (count > 0) {
    ssize_t n = getrandom(at, count, 0);
    if (n < 0 && errno != EINTR) return -errno;
    if (n > 0) at += n, count -= (size_t)n;
  }
  return 0;
}

int cl_exchange(int folder, const char *one, const char *other) {
  return renameat2(folder, one, folder, other, RENAME_EXCHANGE);
}

int cl_open_beneath(int folder, const char *path, int flags, int follows_links) {
  uint64_t resolve = RESOLVE_BENEATH | RESOLVE_NO_MAGICLINKS | (follows_links ? 0 : RESOLVE_NO_SYMLINKS);
  struct open_how how = {.flags = (uint64_t)flags, .resolve = resolve};
  return (int)syscall(SYS_openat2, folder, path, &how, sizeof how);
}

int cl_pin_to_core(unsigned int core) {
  cpu_set_t set;
  CPU_ZERO(&set);
  CPU_SET(core, &set);
  return result(sched_setaffinity(0, sizeof set, &set));
}

int cl_name_thread(const char *name) { return -pthread_setname_np(pthread_self(), name); }

int cl_enable_packet_info(int descriptor, int family) {
  int on = 1;
  return family == AF_INET ? result(setsockopt(descriptor, IPPROTO_IP, IP_PKTINFO, &on, sizeof on))
                           : result(setsockopt(descriptor, IPPROTO_IPV6, IPV6_RECVPKTINFO, &on, sizeof on));
}

size_t cl_packet_info_size(void) {
  return CMSG_SPACE(sizeof(struct in6_pktinfo)) > CMSG_SPACE(sizeof(struct in_pktinfo))
             ? CMSG_SPACE(sizeof(struct in6_pktinfo))
             : CMSG_SPACE(sizeof(struct in_pktinfo));
}

static int is_link_local(const struct sockaddr *address) {
  switch (address ? address->sa_family : AF_UNSPEC) {
    case AF_INET: return ntohl(((const struct sockaddr_in *)address)->sin_addr.s_addr) >> 16 == 0xa9fe;
    case AF_INET6: return IN6_IS_ADDR_LINKLOCAL(&((const struct sockaddr_in6 *)address)->sin6_addr);
    default: return 0;
  }
}

void cl_leave_route_open(struct msghdr *message) {
  if (is_link_local(message->msg_name)) return;
  for (struct cmsghdr *item = CMSG_FIRSTHDR(message); item; item = CMSG_NXTHDR(message, item)) {
    if (item->cmsg_level == IPPROTO_IP && item->cmsg_type == IP_PKTINFO) {
      struct in_pktinfo info;
      memcpy(&info, CMSG_DATA(item), sizeof info);
      if (ntohl(info.ipi_spec_dst.s_addr) >> 16 == 0xa9fe) continue;
      info.ipi_ifindex = 0;
      memcpy(CMSG_DATA(item), &info, sizeof info);
    } else if (item->cmsg_level == IPPROTO_IPV6 && item->cmsg_type == IPV6_PKTINFO) {
      struct in6_pktinfo info;
      memcpy(&info, CMSG_DATA(item), sizeof info);
      if (IN6_IS_ADDR_LINKLOCAL(&info.ipi6_addr)) continue;
      info.ipi6_ifindex = 0;
      memcpy(CMSG_DATA(item), &info, sizeof info);
    }
  }
}

int cl_set_dont_fragment(int descriptor, int family) {
  // PROBE sets DF and uses the interface's MTU; INTERFACE would leave DF out, so that routers fragment. In IPv6 they
  // never do.
  int probe = IP_PMTUDISC_PROBE, interface = IPV6_PMTUDISC_INTERFACE;
  return family == AF_INET
             ? result(setsockopt(descriptor, IPPROTO_IP, IP_MTU_DISCOVER, &probe, sizeof probe))
             : result(setsockopt(descriptor, IPPROTO_IPV6, IPV6_MTU_DISCOVER, &interface, sizeof interface));
}

void cl_return_freed_memory(void) { malloc_trim(0); }
