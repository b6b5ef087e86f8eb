/* Vectors of LANES numbers, as GCC and Clang have them on every processor. */

#pragma once

#include <stdint.h>
#include <string.h>

#define LANES 8 /* of 32 bits */
#define INLINE static inline __attribute__((always_inline))

typedef float Floats __attribute__((vector_size(LANES * sizeof(float))));
typedef int32_t Places __attribute__((vector_size(LANES * sizeof(int32_t))));
typedef uint8_t Bytes __attribute__((vector_size(LANES)));

INLINE Floats floats(const float *from) {
    Floats values;
    memcpy(&values, from, sizeof values);
    return values;
}

INLINE void put(Floats values, float *to) { memcpy(to, &values, sizeof values); }

/* One where a mask of -1 and 0 says so, else the other. */
INLINE Floats either(Places mask, Floats one, Floats other) {
    return (Floats)((mask & (Places)one) | (~mask & (Places)other));
}

INLINE Floats all(float value) { return value - (Floats){0}; }

INLINE float sum_of(Floats v) {
    return ((v[0] + v[4]) + (v[1] + v[5])) + ((v[2] + v[6]) + (v[3] + v[7]));
}

INLINE float larger(float one, float other) { return one > other ? one : other; }

INLINE float largest_of(Floats v) {
    const float one = larger(larger(v[0], v[4]), larger(v[1], v[5]));
    return larger(one, larger(larger(v[2], v[6]), larger(v[3], v[7])));
}
