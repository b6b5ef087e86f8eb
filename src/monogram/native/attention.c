/* Self-attention of short sequences, with dropout, one head after the other.

   `product` is queries, keys and values of each position side by side: [batch, length, 3, heads,
   width], the width a multiple of LANES. A head's numbers stay in the nearest cache. `shares`
   [batch, heads, length, padded] are the weights before dropout, for the gradient; each row is
   filled up with zeros to a multiple of LANES. */

#include <math.h>

#include "draw.h"
#include "exponential.h"
#include "multiply.h"
#include "vectors.h"

#define PARTS 3 /* queries, keys, values */

typedef struct {
    long batch, length, heads, width;
} Attention;

/* Of each of `length` rows its largest number, or their sum, LANES rows at a time: first one vector
   of each row, then, turned on their side, one of all; `of_each` has room for LANES more. */
#define FOLD(name, fold)                                                                          \
    INLINE void name(const float *rows, long length, long padded, float *of_each) {               \
        for (long first = 0; first < length; first += LANES) {                                    \
            Floats v[LANES] = {{0}};                                                              \
            for (long i = 0; i < LANES && first + i < length; i++) {                              \
                const float *row = rows + (first + i) * padded;                                   \
                v[i] = floats(row);                                                               \
                for (long j = LANES; j < padded; j += LANES) v[i] = fold(v[i], floats(row + j));  \
            }                                                                                     \
            turn_square(v);                                                                       \
            const Floats one = fold(fold(v[0], v[4]), fold(v[1], v[5]));                          \
            const Floats other = fold(fold(v[2], v[6]), fold(v[3], v[7]));                        \
            put(fold(one, other), of_each + first);                                               \
        }                                                                                         \
    }
INLINE Floats larger_of(Floats one, Floats other) { return either(one > other, one, other); }
INLINE Floats sum(Floats one, Floats other) { return one + other; }
FOLD(find_largest, larger_of)
FOLD(find_sums, sum)

/* Each of `length` rows, filled up to whole vectors with anything, becomes its softmax, filled up with
   zeros. */
INLINE void softmax(float *rows, long length, long padded) {
    const Places lane = {0, 1, 2, 3, 4, 5, 6, 7};
    const long last = padded - LANES;
    const Places real = lane < (int32_t)(length - last);
    float of_each[length + LANES];
    for (float *end = rows + last; end < rows + length * padded; end += padded)
        put(either(real, floats(end), all(-INFINITY)), end);
    find_largest(rows, length, padded, of_each);
    for (long i = 0; i < length; i++)
        for (float *at = rows + i * padded; at < rows + (i + 1) * padded; at += LANES)
            put(exponential(floats(at) - of_each[i]), at);
    find_sums(rows, length, padded, of_each);
    for (long i = 0; i < length; i++) {
        const float share = 1 / of_each[i];
        for (float *at = rows + i * padded; at < rows + (i + 1) * padded; at += LANES)
            put(floats(at) * share, at);
    }
}

/* Rows, `step` numbers apart, as columns times a scale: [width, padded], zeros behind the last. */
INLINE void turn(const float *rows, long step, long length, long padded, float scale,
                 float *columns, const long width) {
    for (long e = 0; e < width; e += LANES)
        for (long j = 0; j < padded; j += LANES) {
            Floats v[LANES] = {{0}};
            for (long i = 0; i < LANES && j + i < length; i++)
                v[i] = floats(rows + (j + i) * step + e) * scale;
            turn_square(v);
            for (long i = 0; i < LANES; i++) put(v[i], columns + (e + i) * padded + j);
        }
}

/* A head's part of the next sequence's `size` numbers, which lie behind this one's, comes as near as
   the second cache: a head's rows lie too far apart for a processor to guess which are next. */
#define COMES(numbers, size, written)                                                               \
    do {                                                                                            \
        const float *next = numbers + (head / shape->heads + 1) * (size);                           \
        const long part = head % shape->heads, is_last = head >= (shape->batch - 1) * shape->heads; \
        for (long i = (size) * part / shape->heads;                                                 \
             !is_last && i < (size) * (part + 1) / shape->heads; i += CACHE_LINE)                   \
            __builtin_prefetch(next + i, written, 2);                                               \
    } while (0)
#define CACHE_LINE 16 /* numbers */

/* For each head of each sequence; where its queries are, and its outputs. Rows of its weights are
   `padded` numbers apart. */
#define EACH_HEAD(shape, product)                                                           \
    const long length = shape->length, line = shape->heads * width, step = PARTS * line;    \
    const long padded = (length + LANES - 1) / LANES * LANES, area = length * length;       \
    const float scale = 1 / sqrtf((float)width);                                            \
    float columns[width * padded], factors[area + IN_A_DRAW + LANES];                       \
    for (long head = 0; head < shape->batch * shape->heads; head++)
#define QUERIES (head / shape->heads * length * step + head % shape->heads * width)
#define OUTPUTS (head / shape->heads * length * line + head % shape->heads * width)

/* Factors of a head's weights, row after row, of which the first is drawn together with some before
   it; zeros behind the last, which rows that are filled up reach. */
INLINE const float *drawn(const Dropout *dropout, long head, long area, float *factors) {
    const long ahead = head * area % IN_A_DRAW;
    draw(dropout, head * area - ahead, area + ahead, factors);
    put(all(0), factors + ahead + area);
    return factors + ahead;
}

INLINE void attend(const Attention *shape, const Dropout *dropout, const float *product,
                   float *shares, float *outputs, const long width) {
    EACH_HEAD(shape, product) {
        COMES(product, length * step, 0);
        COMES(outputs, length * line, 1);
        const float *queries = product + QUERIES, *values = queries + 2 * line;
        const float *factor = drawn(dropout, head, area, factors);
        float *share = shares + head * length * padded, kept[length * padded];
        turn(queries + line, step, length, padded, scale, columns, width);
        multiply((Product){queries, step, 1, columns, 1, padded, width, 0, 0, share, padded}, length,
                 padded);
        softmax(share, length, padded);
        for (long i = 0; i < length; i++)
            for (long j = 0; j < padded; j += LANES)
                put(floats(share + i * padded + j) * floats(factor + i * length + j),
                    kept + i * padded + j);
        multiply((Product){kept, padded, 1, values, 1, step, length, 0, 0, outputs + OUTPUTS, line},
                 length, width);
    }
}

INLINE void attend_backward(const Attention *shape, const Dropout *dropout, const float *product,
                            const float *shares, const float *gradients, float *of_product,
                            const long width) {
    EACH_HEAD(shape, product) {
        COMES(product, length * step, 0);
        COMES(shares, shape->heads * length * padded, 0);
        COMES(gradients, length * line, 0);
        COMES(of_product, length * step, 1);
        const float *queries = product + QUERIES, *keys = queries + line;
        const float *gradient = gradients + OUTPUTS;
        const float *share = shares + head * length * padded;
        const float *factor = drawn(dropout, head, area, factors);
        float *of_queries = of_product + QUERIES, *of_keys = of_queries + line;
        float kept[length * padded], of_scores[length * padded];
        turn(keys + line, step, length, padded, 1, columns, width);
        multiply((Product){gradient, line, 1, columns, 1, padded, width, 0, 0, of_scores, padded},
                 length, padded);
        for (long i = 0; i < length; i++) {
            const long row = i * padded;
            Floats sum = {0};
            for (long j = row; j < row + padded; j += LANES) {
                const Floats own = floats(share + j) * floats(factor + i * length + j - row);
                put(own, kept + j);
                put(floats(of_scores + j) * own, of_scores + j);
                sum += floats(of_scores + j);
            }
            const float whole = sum_of(sum);
            for (long j = row; j < row + padded; j += LANES)
                put((floats(of_scores + j) - floats(share + j) * whole) * scale, of_scores + j);
        }
        multiply((Product){of_scores, padded, 1, keys, 1, step, length, 0, 0, of_queries, step}, length,
                 width);
        multiply((Product){of_scores, 1, padded, queries, 1, step, length, 0, 0, of_keys, step}, length,
                 width);
        multiply((Product){kept, 1, padded, gradient, 1, line, length, 0, 0, of_keys + line, step},
                 length, width);
    }
}

/* Does work(..., width), which is a constant for common widths: loops over it unroll. */
#define FOR_WIDTH(work, shape, ...)                                   \
    do {                                                              \
        if (shape->width == 8) work(shape, __VA_ARGS__, 8);           \
        else if (shape->width == 16) work(shape, __VA_ARGS__, 16);    \
        else if (shape->width == 32) work(shape, __VA_ARGS__, 32);    \
        else work(shape, __VA_ARGS__, shape->width);                  \
    } while (0)

void monogram_attend(const Attention *shape, const Dropout *dropout, const float *product,
                     float *shares, float *outputs) {
    FOR_WIDTH(attend, shape, dropout, product, shares, outputs);
}

void monogram_attend_backward(const Attention *shape, const Dropout *dropout, const float *product,
                              const float *shares, const float *gradients, float *of_product) {
    FOR_WIDTH(attend_backward, shape, dropout, product, shares, gradients, of_product);
}
