/* Products of small matrices, whose numbers are in the nearest caches.

   c [rows, columns] = a [rows, count] b [count, columns], or what is added to c. a's rows lie `row`
   apart and its columns `step`, b's rows `across` and c's rows `line`; columns of b and c lie side by
   side. */

#pragma once

#include "vectors.h"

#define PANEL 16 /* columns that are multiplied at a time; LANES for what is left of them */
#ifdef __AVX512F__
#define ROWS 8 /* of a panel, whose sums stay in registers */
#else
#define ROWS 4
#endif
typedef float Panel __attribute__((vector_size(PANEL * sizeof(float))));

/* A vector of columns of any number of rows: `name`, by so many of them at a time. */
#define MULTIPLY(name, Vector)                                                                    \
    INLINE void name##_rows(const float *a, long row, long step, const float *b, long across,      \
                            float *c, long line, long count, const int add, const long rows) {     \
        Vector sums[ROWS];                                                                        \
        for (long i = 0; i < rows; i++) {                                                         \
            if (add) memcpy(&sums[i], c + i * line, sizeof(Vector));                              \
            else sums[i] = (Vector){0};                                                           \
        }                                                                                         \
        for (long k = 0; k < count; k++) {                                                        \
            Vector right;                                                                         \
            memcpy(&right, b + k * across, sizeof(Vector));                                       \
            for (long i = 0; i < rows; i++) sums[i] += a[i * row + k * step] * right;             \
        }                                                                                         \
        for (long i = 0; i < rows; i++) memcpy(c + i * line, &sums[i], sizeof(Vector));           \
    }                                                                                             \
    INLINE void name(const float *a, long row, long step, const float *b, long across, float *c,   \
                     long line, long rows, long count, const int add) {                           \
        long i = 0;                                                                               \
        for (; i + ROWS <= rows; i += ROWS)                                                       \
            name##_rows(a + i * row, row, step, b, across, c + i * line, line, count, add, ROWS);  \
        for (; i + 4 <= rows; i += 4)                                                             \
            name##_rows(a + i * row, row, step, b, across, c + i * line, line, count, add, 4);     \
        for (; i < rows; i++)                                                                     \
            name##_rows(a + i * row, row, step, b, across, c + i * line, line, count, add, 1);     \
    }
MULTIPLY(multiply_panel, Panel)
MULTIPLY(multiply_half, Floats)

/* All columns, a multiple of LANES. */
INLINE void multiply(const float *a, long row, long step, const float *b, long across, float *c,
                     long line, long rows, long columns, long count) {
    long j = 0;
    for (; j + PANEL <= columns; j += PANEL)
        multiply_panel(a, row, step, b + j, across, c + j, line, rows, count, 0);
    if (j < columns) multiply_half(a, row, step, b + j, across, c + j, line, rows, count, 0);
}
