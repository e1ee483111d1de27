// CRC-32C (Castagnoli, reflected 0x82F63B78) with the processor's own instruction, which Swift cannot name. Header only.
// `millrace_crc32c_is_hardware` says whether `millrace_crc32c_hardware` may be called on this machine.
#pragma once
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#if defined(__x86_64__)
#include <cpuid.h>

static inline int millrace_crc32c_is_hardware(void) {
    unsigned a = 0, b = 0, c = 0, d = 0;
    return __get_cpuid(1, &a, &b, &c, &d) && (c & bit_SSE4_2) != 0;
}

__attribute__((target("sse4.2")))
static inline uint32_t millrace_crc32c_hardware(uint32_t crc, const void *bytes, size_t count) {
    const uint8_t *p = (const uint8_t *)bytes;
    uint64_t state = ~crc;
    for (; count >= 8; count -= 8, p += 8) {
        uint64_t word;
        memcpy(&word, p, 8);
        state = __builtin_ia32_crc32di(state, word);
    }
    uint32_t rest = (uint32_t)state;
    for (; count > 0; count--, p++) rest = __builtin_ia32_crc32qi(rest, *p);
    return ~rest;
}

#elif defined(__aarch64__)
#if defined(__linux__)
#include <sys/auxv.h>
static inline int millrace_crc32c_is_hardware(void) { return (getauxval(AT_HWCAP) & (1ul << 7)) != 0; }
#else
static inline int millrace_crc32c_is_hardware(void) { return 1; }
#endif

__attribute__((target("crc")))
static inline uint32_t millrace_crc32c_hardware(uint32_t crc, const void *bytes, size_t count) {
    const uint8_t *p = (const uint8_t *)bytes;
    uint32_t state = ~crc;
    for (; count >= 8; count -= 8, p += 8) {
        uint64_t word;
        memcpy(&word, p, 8);
        state = __builtin_arm_crc32cd(state, word);
    }
    for (; count > 0; count--, p++) state = __builtin_arm_crc32cb(state, *p);
    return ~state;
}

#else
static inline int millrace_crc32c_is_hardware(void) { return 0; }
static inline uint32_t millrace_crc32c_hardware(uint32_t crc, const void *bytes, size_t count) {
    (void)bytes;
    (void)count;
    return crc;
}
#endif
