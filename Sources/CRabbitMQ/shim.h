#pragma once
#include <amqp.h>
#include <amqp_framing.h>
#include <amqp_tcp_socket.h>
#include <amqp_ssl_socket.h>

// amqp_login is variadic, which Swift does not import.
static inline amqp_rpc_reply_t millrace_amqp_login_plain(
    amqp_connection_state_t state, const char *vhost, int channel_max, int frame_max, int heartbeat,
    const amqp_table_t *properties, const char *user, const char *password) {
  return amqp_login_with_properties(state, vhost, channel_max, frame_max, heartbeat, properties,
                                    AMQP_SASL_METHOD_PLAIN, user, password);
}

#ifdef __linux__
#include <sys/prctl.h>
// Names the calling thread, at most 15 bytes; prctl is variadic too.
static inline void millrace_name_thread(const char *name) { prctl(PR_SET_NAME, name, 0, 0, 0); }
#endif
