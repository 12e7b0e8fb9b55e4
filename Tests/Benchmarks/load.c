/* load PORT QUERIES SECONDS [RATE]: asks a DNS server on 127.0.0.1 as fast as it answers, or RATE times a second, at
 * little cost of its own.
 *
 * QUERIES has a name a line; each is asked for its A records, in order, over and over. 64 sockets have 32 questions in
 * flight each at most. Prints how many were answered, how many were not within two seconds, and how many of the answers
 * were other than one record without an error. */
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
static long wrong;
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
  for (int i = 0; i < heard; i++) wrong += (answers[i][3] & 15) != 0 || answers[i][6] != 0 || answers[i][7] != 1;
  return heard > 0 ? heard : 0;
}

int main(int argc, char **argv) {
  if (argc != 4 && argc != 5) { fprintf(stderr, "usage: load PORT QUERIES SECONDS [RATE]\n"); return 2; }
  struct sockaddr_in server = {.sin_family = AF_INET, .sin_port = htons((unsigned short)atoi(argv[1]))};
  server.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  read_questions(argv[2]);
  double rate = argc == 5 ? atof(argv[4]) : 1e9, seconds = atof(argv[3]);
  struct pollfd sockets[SOCKETS];
  double heard_at[SOCKETS], start = now();
  int in_flight[SOCKETS] = {0};
  long asked = 0, answered = 0;
  for (int i = 0; i < SOCKETS; i++) {
    sockets[i] = (struct pollfd){.fd = socket(AF_INET, SOCK_DGRAM, 0), .events = POLLIN};
    if (connect(sockets[i].fd, (void *)&server, sizeof server)) { perror("connect"); return 2; }
    heard_at[i] = start;
  }
  /* Two seconds more for what was asked last. */
  for (double time = start; time < start + seconds + 2 && (time < start + seconds || answered < asked); time = now()) {
    poll(sockets, SOCKETS, 1);
    double due = time < start + seconds ? rate * (time - start) - (double)asked : 0;
    for (int i = 0; i < SOCKETS; i++) {
      int heard = sockets[i].revents & POLLIN ? hear(sockets[i].fd) : 0;
      if (heard > 0) heard_at[i] = time;
      answered += heard;
      in_flight[i] -= heard < in_flight[i] ? heard : in_flight[i];
      /* A window whose answers are all lost would never open again. */
      if (time - heard_at[i] > 2) in_flight[i] = 0;
      int room = WINDOW - in_flight[i];
      if (room > due) room = due > 0 ? (int)due : 0;
      if (room == 0) continue;
      ask(sockets[i].fd, room);
      in_flight[i] += room;
      asked += room;
      due -= room;
    }
  }
  printf("%ld %ld %ld\n", answered, asked - answered, wrong);
  return 0;
}
