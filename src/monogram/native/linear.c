/* Linear layers of many rows and few columns: products whose matrices of weights stay in the nearest
   caches, where a library for products of all sizes loses time.

   Inputs are [rows, inputs], weights [outputs, inputs], both sizes a multiple of LANES. */

#include "multiply.h"

typedef struct {
    long rows, inputs, outputs;
} Linear;

#define CHUNK 128 /* rows at a time, which stay in the caches */

INLINE long fewer(long one, long other) { return one < other ? one : other; }

/* A matrix [count, columns], whose rows and columns lie so far apart, panel by panel. */
static void pack(const float *matrix, long row, long column, long count, long columns,
                 float *panels) {
    for (long j = 0; j < columns; j += PANEL) {
        const long wide = fewer(PANEL, columns - j);
        for (long k = 0; k < count; k++)
            for (long i = 0; i < wide; i++)
                *panels++ = matrix[k * row + (j + i) * column];
    }
}

/* c [rows, columns] = a [rows, count] by what was packed, from `start` on. */
static void by_panels(const float *a, long rows, long count, const float *panels, long columns,
                      const float *start, float *c) {
    const long whole = columns / PANEL * PANEL;
    for (long first = 0; first < rows; first += CHUNK) {
        const long some = fewer(CHUNK, rows - first);
        Product product = {a + first * count, count, 1, panels, count, PANEL, count, start, 0,
                           c + first * columns, columns};
        multiply(product, some, whole);
        if (whole == columns) continue;
        product.b += whole * count;
        product.across = LANES;
        product.c += whole;
        if (start) product.start += whole;
        multiply(product, some, LANES);
    }
}

/* Outputs [rows, outputs]; bias may be null. `panels` is memory for inputs * outputs numbers. */
void monogram_linear(const Linear *s, const float *inputs, const float *weights, const float *bias,
                     float *panels, float *outputs) {
    pack(weights, 1, s->inputs, s->inputs, s->outputs, panels);
    by_panels(inputs, s->rows, s->inputs, panels, s->outputs, bias, outputs);
}

/* Gradients of the inputs of those of the outputs [rows, outputs]. */
void monogram_linear_backward(const Linear *s, const float *gradients, const float *weights,
                              float *panels, float *of_inputs) {
    pack(weights, s->inputs, 1, s->outputs, s->inputs, panels);
    by_panels(gradients, s->rows, s->outputs, panels, s->inputs, 0, of_inputs);
}

/* Those of the weights and, unless it is null, of the bias. */
void monogram_linear_weights(const Linear *s, const float *inputs, const float *gradients,
                             float *of_weights, float *of_bias) {
    const long in = s->inputs, out = s->outputs;
    memset(of_weights, 0, in * out * sizeof(float));
    if (of_bias) memset(of_bias, 0, out * sizeof(float));
    for (long first = 0; first < s->rows; first += CHUNK) {
        const long some = fewer(CHUNK, s->rows - first);
        const float *gradient = gradients + first * out;
        multiply((Product){gradient, 1, out, inputs + first * in, 1, in, some, 0, 1, of_weights, in},
                 out, in);
        for (long j = 0; of_bias && j < out; j += LANES) {
            Floats sum = {0};
            for (long i = 0; i < some; i++) sum += floats(gradient + i * out + j);
            put(floats(of_bias + j) + sum, of_bias + j);
        }
    }
}
