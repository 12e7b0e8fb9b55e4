/* load PORT QUERIES SECONDS: asks a DNS server on 127.0.0.1 as fast as it answers, at little cost of its own.
 *
 * QUERIES has a name a line; each is asked for its A records, in order, over and over. 64 sockets keep 32 questions in
 * flight each; what is not answered within half a second counts as lost and is made up for. Prints answers and losses. */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>

enum { SOCKETS = 64, WINDOW = 32, LONGEST = 300, ANSWER = 1500, LIMIT = 1000000 };

struct question { size_t length; unsigned char octets[LONGEST]; };

static struct question *questions;
static size_t count, next;
static unsigned char answers[WINDOW][ANSWER];

static double now(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static void read_questions(const char *path) {
  char line[256];
  FILE *file = fopen(path, "r");
  if (!file) { perror(path); exit(2); }
  questions = calloc(LIMIT, sizeof *questions);
  while (count < LIMIT && fgets(line, sizeof line, file)) {
    static const unsigned char header[12] = {0, 0, 1, 0, 0, 1};
    unsigned char *at = questions[count].octets;
    memcpy(at, header, sizeof header);
    at += sizeof header;
    for (char *label = strtok(line, ".\n"); label; label = strtok(NULL, ".\n")) {
      size_t length = strlen(label);
      *at++ = (unsigned char)length;
      memcpy(at, label, length);
      at += length;
    }
    memcpy(at, "\0\0\1\0\1", 5);
    questions[count].length = (size_t)(at + 5 - questions[count].octets);
    count++;
  }
  fclose(file);
  if (count == 0) { fprintf(stderr, "%s holds no names\n", path); exit(2); }
}

static void ask(int descriptor, int number) {
  struct mmsghdr messages[WINDOW] = {0};
  struct iovec vectors[WINDOW];
  for (int i = 0; i < number; i++, next++) {
    struct question *question = &questions[next % count];
    question->octets[0] = (unsigned char)(next >> 8);
    question->octets[1] = (unsigned char)next;
    vectors[i] = (struct iovec){question->octets, question->length};
    messages[i].msg_hdr.msg_iov = &vectors[i];
    messages[i].msg_hdr.msg_iovlen = 1;
  }
  sendmmsg(descriptor, messages, (unsigned)number, 0);
}

static int hear(int descriptor) {
  struct mmsghdr messages[WINDOW] = {0};
  struct iovec vectors[WINDOW];
  for (int i = 0; i < WINDOW; i++) {
    vectors[i] = (struct iovec){answers[i], ANSWER};
    messages[i].msg_hdr.msg_iov = &vectors[i];
    messages[i].msg_hdr.msg_iovlen = 1;
  }
  int heard = recvmmsg(descriptor, messages, WINDOW, MSG_DONTWAIT, NULL);
  return heard > 0 ? heard : 0;
}

int main(int argc, char **argv) {
  if (argc != 4) { fprintf(stderr, "usage: load PORT QUERIES SECONDS\n"); return 2; }
  struct sockaddr_in server = {.sin_family = AF_INET, .sin_port = htons((unsigned short)atoi(argv[1]))};
  server.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  read_questions(argv[2]);
  struct pollfd sockets[SOCKETS];
  double heard_at[SOCKETS], end = now() + atof(argv[3]);
  int in_flight[SOCKETS];
  long answered = 0, lost = 0;
  for (int i = 0; i < SOCKETS; i++) {
    sockets[i] = (struct pollfd){.fd = socket(AF_INET, SOCK_DGRAM, 0), .events = POLLIN};
    if (connect(sockets[i].fd, (void *)&server, sizeof server)) { perror("connect"); return 2; }
    ask(sockets[i].fd, in_flight[i] = WINDOW);
    heard_at[i] = now();
  }
  for (double time = now(); time < end; time = now()) {
    poll(sockets, SOCKETS, 100);
    for (int i = 0; i < SOCKETS; i++) {
      int heard = sockets[i].revents & POLLIN ? hear(sockets[i].fd) : 0;
      if (heard > 0) {
        answered += heard;
        heard_at[i] = time;
        ask(sockets[i].fd, heard);
      } else if (time - heard_at[i] > 0.5) {
        lost += in_flight[i];
        heard_at[i] = time;
        ask(sockets[i].fd, WINDOW);
      }
    }
  }
  printf("%ld %ld\n", answered, lost);
  return 0;
}
