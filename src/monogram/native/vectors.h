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

#ifdef __clang__
#define MIXED(one, other, ...) __builtin_shufflevector(one, other, __VA_ARGS__)
#else
#define MIXED(one, other, ...) __builtin_shuffle(one, other, (Places){__VA_ARGS__})
#endif

/* Turn a square of LANES vectors on its side: columns become vectors. Each round lays the vectors of
   the first half and of the second half between one another; three take 8 x 8 there. */
INLINE void turn_square(Floats *v) {
    Floats mixed[LANES];
    for (int round = 0; round < 3; round++) {
        for (int i = 0; i < LANES / 2; i++) {
            const Floats one = v[i], other = v[i + LANES / 2];
            mixed[2 * i] = MIXED(one, other, 0, 8, 1, 9, 2, 10, 3, 11);
            mixed[2 * i + 1] = MIXED(one, other, 4, 12, 5, 13, 6, 14, 7, 15);
        }
        memcpy(v, mixed, sizeof mixed);
    }
}

INLINE float sum_of(Floats v) {
    return ((v[0] + v[4]) + (v[1] + v[5])) + ((v[2] + v[6]) + (v[3] + v[7]));
}
