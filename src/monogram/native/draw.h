/* Which numbers are dropped.

   It follows from a key: SplitMix64 (Steele, Lea & Flood 2014) makes 64 bits of it and of a counter,
   four numbers have 16 of them each, the lowest bits first, and those below a limit, as signed
   integers, are dropped. The rest are multiplied by a scale. */

#include <stdint.h>

#include "vectors.h"

#define IN_A_DRAW 4
#define BLOCK 512 /* numbers that are drawn at a time, a multiple of IN_A_DRAW */

typedef struct {
    uint64_t key;
    float scale;
    int32_t limit;
} Dropout;

INLINE uint64_t mixed(uint64_t bits) {
    bits = (bits ^ (bits >> 30)) * 0xbf58476d1ce4e5b9u;
    bits = (bits ^ (bits >> 27)) * 0x94d049bb133111ebu;
    return bits ^ (bits >> 31);
}

INLINE long least(long one, long other) { return one < other ? one : other; }

/* The factors of some numbers, from one on whose place is a multiple of IN_A_DRAW. */
INLINE void draw(const Dropout *dropout, long from, long count, float *factors) {
    const uint64_t key = dropout->key;
    const float scale = dropout->scale;
    const int16_t limit = dropout->limit;
    uint64_t draws[BLOCK / IN_A_DRAW];
    int16_t numbers[BLOCK];
    for (long done = 0; done < count; done += BLOCK) {
        const uint64_t first = (uint64_t)(from + done) / IN_A_DRAW + 1;
        const long size = least(BLOCK, count - done), words = (size + IN_A_DRAW - 1) / IN_A_DRAW;
        for (long i = 0; i < words; i++)
            draws[i] = mixed(key + (first + (uint64_t)i) * 0x9e3779b97f4a7c15u);
        memcpy(numbers, draws, sizeof *draws * (size_t)words);
        for (long i = 0; i < size; i++)
            factors[done + i] = numbers[i] >= limit ? scale : 0;
    }
}
