/* A step of stochastic gradient descent of linear heads that learn from few samples each.

   They are in the dual form (training/dual.py): what has been learnt is `rows` [outputs, samples] of a
   head, by which its weights are a sum of its samples' inputs, and `products` [samples, samples] are
   those of the inputs with one another. What comes out is share * start + more * further + rows
   products + bias + prior, the gradient of the loss by it that of the rows and, summed, of the bias.
   A head's numbers stay in the nearest caches. */

#include "exponential.h"
#include "multiply.h"

typedef struct {
    long heads, outputs, samples;
    float share, more;           /* of what came out at the start, and of what its velocity adds */
    float rate, momentum, decay; /* of the descent */
} Heads;

/* Outputs [outputs, padded] of rows [outputs, samples]; the last columns overlap others where they
   are no multiple of LANES. */
static void multiply_rows(const Heads *s, const float *rows, const float *products, long padded,
                          float *outputs) {
    const long n = s->samples, whole = n / LANES * LANES, last = n - LANES;
    Product product = {rows, n, 1, products, 1, n, n, 0, 0, outputs, padded};
    multiply(product, s->outputs, whole);
    if (whole == n) return;
    product.b += last;
    product.c += last;
    multiply(product, s->outputs, LANES);
}

static void add_start(const Heads *s, const float *restrict start, const float *restrict further,
                      const float *bias, const float *prior, long padded,
                      float *restrict outputs) {
    for (long i = 0; i < s->outputs; i++, outputs += padded, start += s->samples) {
        const float plus = bias[i] + prior[i];
        for (long j = 0; j < s->samples; j++) outputs[j] += s->share * start[j] + plus;
        if (!further) continue;
        for (long j = 0; j < s->samples; j++) outputs[j] += s->more * further[j];
        further += s->samples;
    }
}

/* Logits [outputs, padded] to softmax over the outputs, times each sample's weight. All exponentials
   are taken in one go: one after the other they would wait for each other. */
static void softmax(float *logits, long outputs, long padded, const float *weights) {
    float *end = logits + outputs * padded;
    for (long j = 0; j < padded; j += LANES) {
        Floats most = floats(logits + j);
        for (float *row = logits + padded; row < end; row += padded)
            most = either(floats(row + j) > most, floats(row + j), most);
        for (float *row = logits; row < end; row += padded) put(floats(row + j) - most, row + j);
    }
    for (float *at = logits; at < end; at += LANES) {
        const Floats value = floats(at);
        put(either(value == value, exponential(value), value), at);
    }
    for (long j = 0; j < padded; j += LANES) {
        Floats sum = {0};
        for (float *row = logits; row < end; row += padded) sum += floats(row + j);
        const Floats by = floats(weights + j) / sum;
        for (float *row = logits; row < end; row += padded) put(floats(row + j) * by, row + j);
    }
}

/* Values and their velocities along gradients, as PyTorch's SGD takes a step. */
static void descend(const Heads *s, const float *restrict gradients, long count,
                    float *restrict values, float *restrict velocities) {
    for (long i = 0; i < count; i++) {
        velocities[i] = s->momentum * velocities[i] + (gradients[i] + s->decay * values[i]);
        values[i] -= s->rate * velocities[i];
    }
}

static float total(const float *numbers, long padded) {
    Floats sum = {0};
    for (long j = 0; j < padded; j += LANES) sum += floats(numbers + j);
    return sum_of(sum);
}

/* Of all heads. `further` may be null; labels and weights are [heads, samples], a weight is a
   sample's in the mean; priors lie `apart` numbers from one head's to the next one's. `memory` is for
   outputs + 1 rows of samples, each filled up to whole vectors. There are LANES samples at least. */
void monogram_step_heads(const Heads *s, const float *products, const float *start,
                         const float *further, const int64_t *labels, const float *weights,
                         const float *priors, long apart, float *rows, float *rows_velocity,
                         float *biases, float *biases_velocity, float *memory) {
    const long n = s->samples, padded = (n + LANES - 1) / LANES * LANES, size = s->outputs * n;
    float *outputs = memory, *shares = memory + s->outputs * padded;
    memset(memory, 0, (s->outputs + 1) * padded * sizeof(float));
    for (long k = 0; k < s->heads; k++) {
        float *row = rows + k * size, *velocity = rows_velocity + k * size;
        float *bias = biases + k * s->outputs, *bias_velocity = biases_velocity + k * s->outputs;
        multiply_rows(s, row, products + k * n * n, padded, outputs);
        add_start(s, start + k * size, further ? further + k * size : 0, bias, priors + k * apart,
                  padded, outputs);
        memcpy(shares, weights + k * n, n * sizeof(float));
        softmax(outputs, s->outputs, padded, shares);
        for (long j = 0; j < n; j++) outputs[labels[k * n + j] * padded + j] -= shares[j];
        for (long i = 0; i < s->outputs; i++) {
            const float *gradient = outputs + i * padded, sum = total(gradient, padded);
            descend(s, gradient, n, row + i * n, velocity + i * n);
            descend(s, &sum, 1, bias + i, bias_velocity + i);
        }
    }
}
