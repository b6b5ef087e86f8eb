/* Products of matrices whose numbers are in the nearest caches.

   c [rows, columns] = a [rows, count] b [count, columns]. a's rows lie `row` apart and its columns
   `step`. b's columns are cut into panels, which lie `panel` numbers apart for each of their columns;
   a panel's rows lie `across` apart. c's rows lie `line` apart, its columns side by side. */

#pragma once

#include "vectors.h"

#define PANEL 16 /* columns; LANES for what is left of them */
#ifdef __AVX512F__
#define ROWS 8 /* of two panels, whose sums stay in registers */
#define BESIDE 2
#else
#define ROWS 4
#define BESIDE 1
#endif
typedef float Panel __attribute__((vector_size(PANEL * sizeof(float))));

typedef struct {
    const float *a;
    long row, step;
    const float *b;
    long panel, across, count;
    const float *start; /* what all rows of c begin with, or null */
    int add;            /* to what c is */
    float *c;
    long line;
} Product;

/* `beside` vectors of columns from one on, of some rows from one on. */
#define MULTIPLY(name, Vector)                                                                   \
    INLINE void name(const Product *p, long first, long column, const long rows,                  \
                     const long beside) {                                                        \
        enum { WIDTH = sizeof(Vector) / sizeof(float) };                                         \
        const float *a = p->a + first * p->row, *b = p->b + column * p->panel;                   \
        float *c = p->c + first * p->line + column;                                              \
        Vector sums[ROWS][BESIDE];                                                               \
        for (long i = 0; i < rows; i++)                                                          \
            for (long j = 0; j < beside; j++) {                                                  \
                sums[i][j] = (Vector){0};                                                        \
                if (p->start) memcpy(&sums[i][j], p->start + column + j * WIDTH, sizeof(Vector)); \
                if (p->add) memcpy(&sums[i][j], c + i * p->line + j * WIDTH, sizeof(Vector));     \
            }                                                                                    \
        for (long k = 0; k < p->count; k++) {                                                    \
            Vector right[BESIDE];                                                                \
            for (long j = 0; j < beside; j++)                                                    \
                memcpy(&right[j], b + j * WIDTH * p->panel + k * p->across, sizeof(Vector));      \
            for (long i = 0; i < rows; i++) {                                                    \
                const float left = a[i * p->row + k * p->step];                                  \
                for (long j = 0; j < beside; j++) sums[i][j] += left * right[j];                 \
            }                                                                                    \
        }                                                                                        \
        for (long i = 0; i < rows; i++)                                                          \
            for (long j = 0; j < beside; j++)                                                    \
                memcpy(c + i * p->line + j * WIDTH, &sums[i][j], sizeof(Vector));                 \
    }                                                                                            \
    INLINE void name##_rows(const Product *p, long rows, long column, const long beside) {        \
        long i = 0;                                                                              \
        for (; i + ROWS <= rows; i += ROWS) name(p, i, column, ROWS, beside);                    \
        for (; i + 4 <= rows; i += 4) name(p, i, column, 4, beside);                             \
        for (; i + 2 <= rows; i += 2) name(p, i, column, 2, beside);                             \
        for (; i < rows; i++) name(p, i, column, 1, beside);                                     \
    }
MULTIPLY(multiply_panels, Panel)
MULTIPLY(multiply_half, Floats)

/* Of all rows, and of columns, a multiple of LANES. */
INLINE void multiply(Product product, long rows, long columns) {
    const Product *p = &product;
    long j = 0;
    for (; j + BESIDE * PANEL <= columns; j += BESIDE * PANEL)
        multiply_panels_rows(p, rows, j, BESIDE);
    for (; j + PANEL <= columns; j += PANEL) multiply_panels_rows(p, rows, j, 1);
    if (j < columns) multiply_half_rows(p, rows, j, 1);
}
