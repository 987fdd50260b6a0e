/* There are no sockets: see peer.c. */
