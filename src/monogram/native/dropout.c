/* Dropout, alone and together with its neighbours in a transformer's layers. */

#include <math.h>

#include "draw.h"
#include "vectors.h"

#define ROWS 32 /* whose sums are of float32 before they are joined */

void monogram_drop(const Dropout *dropout, long count, float *factors) {
    draw(dropout, 0, count, factors);
}

/* A ReLU, and dropout. */
void monogram_relu_drop(const Dropout *dropout, const float *inputs, long count, float *outputs) {
    float factors[BLOCK];
    for (long from = 0; from < count; from += BLOCK) {
        const long size = least(BLOCK, count - from);
        draw(dropout, from, size, factors);
        for (long i = 0; i < size; i++) {
            const float input = inputs[from + i];
            outputs[from + i] = (input < 0 ? 0 : input) * factors[i];
        }
    }
}

/* Its gradient: the scale wherever the output is above 0. */
void monogram_relu_drop_backward(const Dropout *dropout, const float *outputs,
                                 const float *gradients, long count, float *of_inputs) {
    const float scale = dropout->scale;
    for (long i = 0; i < count; i++) of_inputs[i] = outputs[i] > 0 ? gradients[i] * scale : 0;
}

/* Dropout, what it is added to, and layer normalisation of rows of a width, a multiple of LANES.
   `sums` is what is normalised; `mean` and `rate`, one over the standard deviation, are each row's.
   All three are kept for the gradient. */
void monogram_drop_add_normalise(const Dropout *dropout, const float *inputs, const float *added,
                                 const float *weight, const float *bias, double epsilon, long rows,
                                 long width, float *sums, float *mean, float *rate,
                                 float *outputs) {
    float factors[width];
    for (long row = 0; row < rows; row++) {
        const long from = row * width;
        float *sum = sums + from;
        Floats total = {0}, squares = {0};
        draw(dropout, from, width, factors);
        for (long i = 0; i < width; i += LANES) {
            const Floats one = floats(added + from + i) +
                               floats(inputs + from + i) * floats(factors + i);
            put(one, sum + i);
            total += one;
        }
        mean[row] = sum_of(total) / (float)width;
        for (long i = 0; i < width; i += LANES) {
            const Floats away = floats(sum + i) - mean[row];
            squares += away * away;
        }
        rate[row] = 1 / sqrt(sum_of(squares) / (double)width + epsilon);
        for (long i = 0; i < width; i += LANES) {
            const Floats value = (floats(sum + i) - mean[row]) * rate[row];
            put(value * floats(weight + i) + floats(bias + i), outputs + from + i);
        }
    }
}

void monogram_drop_add_normalise_backward(const Dropout *dropout, const float *sums,
                                          const float *gradients, const float *weight,
                                          const float *mean, const float *rate, long rows,
                                          long width, double *of_weight, double *of_bias,
                                          float *of_added, float *of_inputs) {
    float factors[width], slopes[width], shifts[width];
    for (long i = 0; i < width; i++) of_weight[i] = of_bias[i] = slopes[i] = shifts[i] = 0;
    for (long row = 0; row < rows; row++) {
        const long from = row * width;
        Floats even = {0}, rising = {0};
        for (long i = 0; i < width; i += LANES) {
            const Floats value = (floats(sums + from + i) - mean[row]) * rate[row];
            const Floats gradient = floats(gradients + from + i);
            put(floats(shifts + i) + gradient, shifts + i);
            put(floats(slopes + i) + gradient * value, slopes + i);
            even += gradient * floats(weight + i);
            rising += gradient * floats(weight + i) * value;
        }
        const float same = sum_of(even) / (float)width, slope = sum_of(rising) / (float)width;
        draw(dropout, from, width, factors);
        for (long i = 0; i < width; i += LANES) {
            const Floats value = (floats(sums + from + i) - mean[row]) * rate[row];
            const Floats gradient = floats(gradients + from + i) * floats(weight + i);
            const Floats own = (gradient - same - value * slope) * rate[row];
            put(own, of_added + from + i);
            put(own * floats(factors + i), of_inputs + from + i);
        }
        if (row % ROWS == ROWS - 1 || row == rows - 1)
            for (long i = 0; i < width; i++) {
                of_weight[i] += slopes[i];
                of_bias[i] += shifts[i];
                slopes[i] = shifts[i] = 0;
            }
    }
}
