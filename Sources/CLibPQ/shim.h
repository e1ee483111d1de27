#pragma once
#include <libpq-fe.h>
// Swift's Glibc module leaves epoll out; the sockets of libpq are watched with it.
#ifdef __linux__
#include <sys/epoll.h>
#endif
