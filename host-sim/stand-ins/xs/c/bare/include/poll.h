/* What tcp.c needs of poll: how it tells the loop which connections there are. */
#ifndef BARE_POLL_H
#define BARE_POLL_H

struct pollfd {
	int fd;
	short events;
	short revents;
};

#define POLLIN 1
#define POLLOUT 4

#endif
