/* tests/bench/loop.c: epoll, buffered sockets, and a tick of a millisecond
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "tests/bench/loop.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/tcp.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define BATCH 256
#define CHUNK (256 * 1024)
#define TICK 1 /* ms */

typedef struct {
    int fd;
    void (*accepted)(int fd);
} Listener;

static int epoll_fd = -1;
static GPtrArray *queued; /* BenchChannel * with something to write */
static GPtrArray *gone;   /* freed at the end of the turn: events may still name them */
static GPtrArray *listeners;
static void (*tick)(gpointer data);
static gpointer tick_data;

gint64 bench_now(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (gint64)now.tv_sec * G_USEC_PER_SEC + now.tv_nsec / 1000;
}

static void start(void)
{
    if (epoll_fd >= 0)
        return;
    epoll_fd = epoll_create1(EPOLL_CLOEXEC);
    queued = g_ptr_array_new();
    gone = g_ptr_array_new();
    listeners = g_ptr_array_new();
}

static void watch(int operation, int fd, guint32 events, gpointer data)
{
    struct epoll_event event = {.events = events, .data.ptr = data};

    if (epoll_ctl(epoll_fd, operation, fd, &event) != 0)
        g_error("epoll: %s", g_strerror(errno));
}

static struct sockaddr_in loopback(guint16 port)
{
    return (struct sockaddr_in){
        .sin_family = AF_INET, .sin_port = htons(port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
}

/* A pointer to a Listener is told from one to a channel by its lowest bit. */
void bench_loop_listen(void (*accepted)(int fd), guint16 *port)
{
    struct sockaddr_in address = loopback(0);
    socklen_t length = sizeof address;
    Listener *listener = g_new0(Listener, 1);

    start();
    listener->accepted = accepted;
    listener->fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (bind(listener->fd, (struct sockaddr *)&address, sizeof address) != 0 ||
        listen(listener->fd, 4096) != 0 ||
        getsockname(listener->fd, (struct sockaddr *)&address, &length) != 0)
        g_error("cannot listen: %s", g_strerror(errno));
    *port = ntohs(address.sin_port);
    g_ptr_array_add(listeners, listener);
    watch(EPOLL_CTL_ADD, listener->fd, EPOLLIN, (gpointer)((gsize)listener | 1));
}

int bench_loop_connect(guint16 port)
{
    struct sockaddr_in address = loopback(port);
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

    if (connect(fd, (struct sockaddr *)&address, sizeof address) != 0)
        g_error("cannot connect to port %u: %s", port, g_strerror(errno));
    return fd;
}

BenchChannel *bench_channel_new(int fd,
                                gsize (*input)(BenchChannel *, const char *bytes, gsize length),
                                void (*closed)(BenchChannel *), gpointer data)
{
    BenchChannel *channel = g_new0(BenchChannel, 1);

    start();
    channel->fd = fd;
    channel->input = input;
    channel->closed = closed;
    channel->data = data;
    channel->out = g_string_new(NULL);
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &(int){1}, sizeof(int));
    watch(EPOLL_CTL_ADD, fd, EPOLLIN | EPOLLRDHUP, channel);
    return channel;
}

static void drop(BenchChannel *channel)
{
    if (channel->fd < 0)
        return;
    /* a child that was forked and runs nothing yet has the socket as well: it would stay watched */
    epoll_ctl(epoll_fd, EPOLL_CTL_DEL, channel->fd, NULL);
    close(channel->fd);
    channel->fd = -1;
    channel->closed(channel);
    g_ptr_array_add(gone, channel);
}

static void free_gone(void)
{
    for (guint i = 0; i < gone->len; i++) {
        BenchChannel *channel = g_ptr_array_index(gone, i);
        if (channel->in != NULL)
            g_string_free(channel->in, TRUE);
        g_string_free(channel->out, TRUE);
        g_free(channel);
    }
    g_ptr_array_set_size(gone, 0);
}

/* ---- writing ---- */

static void queue(BenchChannel *channel)
{
    if (channel->queued || channel->blocked || channel->fd < 0)
        return;
    channel->queued = TRUE;
    g_ptr_array_add(queued, channel);
}

void bench_channel_send(BenchChannel *channel, const char *bytes, gsize length)
{
    g_string_append_len(channel->out, bytes, (gssize)length);
    queue(channel);
}

void bench_channel_close(BenchChannel *channel)
{
    channel->closing = TRUE;
    queue(channel);
}

static void flush(BenchChannel *channel)
{
    if (channel->fd < 0)
        return;
    if (channel->out->len > 0) {
        gssize n =
            send(channel->fd, channel->out->str, channel->out->len, MSG_DONTWAIT | MSG_NOSIGNAL);
        if (n < 0 && errno != EAGAIN) {
            drop(channel);
            return;
        }
        g_string_erase(channel->out, 0, MAX(n, 0));
    }
    gboolean blocked = channel->out->len > 0;
    if (blocked != channel->blocked) {
        channel->blocked = blocked;
        watch(EPOLL_CTL_MOD, channel->fd, EPOLLIN | EPOLLRDHUP | (blocked ? EPOLLOUT : 0), channel);
    }
    if (!blocked && channel->closing)
        drop(channel);
}

static void flush_queued(void)
{
    for (guint i = 0; i < queued->len; i++) {
        BenchChannel *channel = g_ptr_array_index(queued, i);
        channel->queued = FALSE;
        flush(channel);
    }
    g_ptr_array_set_size(queued, 0);
}

/* ---- reading ---- */

static void keep(BenchChannel *channel, const char *bytes, gsize length)
{
    if (length == 0 && channel->in == NULL)
        return;
    if (channel->in == NULL)
        channel->in = g_string_new_len(bytes, (gssize)length);
    else
        g_string_append_len(channel->in, bytes, (gssize)length);
}

static void read_some(BenchChannel *channel)
{
    static char chunk[CHUNK];
    gssize n = recv(channel->fd, chunk, sizeof chunk, MSG_DONTWAIT);

    if (n < 0 && errno == EAGAIN)
        return;
    if (n <= 0) {
        drop(channel);
        return;
    }
    if (channel->in == NULL || channel->in->len == 0) {
        gsize taken = channel->input(channel, chunk, (gsize)n);
        if (taken < (gsize)n)
            keep(channel, chunk + taken, (gsize)n - taken);
        return;
    }
    keep(channel, chunk, (gsize)n);
    gsize taken = channel->input(channel, channel->in->str, channel->in->len);
    g_string_erase(channel->in, 0, (gssize)taken);
}

static void accept_all(Listener *listener)
{
    int fd;

    while ((fd = accept4(listener->fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK)) >= 0)
        listener->accepted(fd);
    if (errno != EAGAIN)
        g_error("cannot accept a connection: %s", g_strerror(errno));
}

static void serve(const struct epoll_event *event)
{
    gsize bits = (gsize)event->data.ptr;

    if (bits & 1) {
        accept_all((Listener *)(bits & ~(gsize)1));
        return;
    }
    BenchChannel *channel = event->data.ptr;
    if (channel->fd >= 0 && (event->events & EPOLLOUT))
        flush(channel);
    if (channel->fd >= 0 && (event->events & ~(guint32)EPOLLOUT))
        read_some(channel);
}

void bench_loop_set_tick(void (*callback)(gpointer data), gpointer data)
{
    tick = callback;
    tick_data = data;
}

gboolean bench_loop_run(gboolean (*done)(gpointer data), gpointer data, double seconds)
{
    gint64 end = bench_now() + (gint64)(seconds * G_USEC_PER_SEC);
    struct epoll_event events[BATCH];

    start();
    while (done == NULL || !done(data)) {
        gint64 left = (end - bench_now()) / 1000;
        if (left <= 0)
            return FALSE;
        flush_queued();
        int n = epoll_wait(epoll_fd, events, BATCH, tick != NULL ? TICK : (int)MIN(left, 100));
        for (int i = 0; i < n; i++)
            serve(&events[i]);
        if (tick != NULL)
            tick(tick_data);
        flush_queued();
        free_gone();
    }
    return TRUE;
}
