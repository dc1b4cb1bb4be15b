// Holds packets back: reads a netfilter queue and lets each go on after a while. For kernels without tc netem.
// usage: delay QUEUE MILLISECONDS JITTER    runs until it is killed; then --queue-bypass lets packets through
// Prints `ready` once the queue is bound. Order is kept as long as JITTER is 0.
#include <arpa/inet.h>
#include <libnetfilter_queue/libnetfilter_queue.h>
#include <linux/netfilter.h>
#include <poll.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <time.h>

enum { held_max = 65536 };

struct held {
  uint32_t id;
  int64_t due;
};

// In the order of arrival; with jitter the due times are not sorted, so all are looked at.
static struct held held[held_max];
static int count;
static long delay_ms, jitter_ms;

static int64_t now_ms(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

static int take(struct nfq_q_handle* queue, struct nfgenmsg* message, struct nfq_data* data, void* unused) {
  (void)message, (void)unused;
  struct nfqnl_msg_packet_hdr* head = nfq_get_msg_packet_hdr(data);
  if (!head) return 0;
  uint32_t id = ntohl(head->packet_id);
  if (count == held_max) return nfq_set_verdict(queue, id, NF_DROP, 0, NULL);
  held[count].id = id;
  held[count++].due = now_ms() + delay_ms + (jitter_ms ? rand() % jitter_ms : 0);
  return 0;
}

// Milliseconds until the next one is due, -1 if there is none.
static int let_go(struct nfq_q_handle* queue) {
  int64_t now = now_ms(), next = -1;
  int left = 0;
  for (int i = 0; i < count; i++) {
    if (held[i].due <= now) {
      nfq_set_verdict(queue, held[i].id, NF_ACCEPT, 0, NULL);
      continue;
    }
    if (next < 0 || held[i].due < next) next = held[i].due;
    held[left++] = held[i];
  }
  count = left;
  return next < 0 ? -1 : (int)(next - now);
}

int main(int argc, char** argv) {
  if (argc != 4) return 2;
  delay_ms = atol(argv[2]);
  jitter_ms = atol(argv[3]);
  struct nfq_handle* handle = nfq_open();
  struct nfq_q_handle* queue = handle ? nfq_create_queue(handle, (uint16_t)atoi(argv[1]), take, NULL) : NULL;
  if (!queue || nfq_set_mode(queue, NFQNL_COPY_META, 0) < 0 || nfq_set_queue_maxlen(queue, held_max) < 0) {
    perror("delay");
    return 1;
  }
  nfnl_rcvbufsiz(nfq_nfnlh(handle), 8 << 20);
  puts("ready");
  fflush(stdout);
  struct pollfd in = {nfq_fd(handle), POLLIN, 0};
  static char bytes[65536] __attribute__((aligned));
  for (;;) {
    int wait = let_go(queue);
    if (poll(&in, 1, wait) <= 0) continue;
    ssize_t n = recv(in.fd, bytes, sizeof bytes, 0);
    if (n > 0) nfq_handle_packet(handle, bytes, (int)n);
  }
}
