/* Batch normalisation, the floor of a ReLU and max pooling in one pass over memory each way.

   Activations are float32 with the channels last: [batch, height, width, channels], the channels a
   multiple of LANES. A window of high x wide pixels has one output, the largest of floor and its
   normalised inputs, and `chosen` says which it was: a place in the window, row by row, or
   high * wide for the floor. Without pooling a window is 1 x 1, without a ReLU the floor is minus
   infinity. Windows do not overlap; pixels that fill none are left out, but count in mean and
   variance.

   Ioffe & Szegedy 2015, Algorithm 1, and the gradients that follow it. Sums are of float32 within a
   block or row of pixels, and of float64 beyond. */

#include <math.h>

#include "vectors.h"

#define BLOCK 32 /* pixels whose moments are joined: they stay in the nearest cache */

typedef struct {
    long batch, height, width, channels;
    long high, wide; /* of a window: 1 or 2 */
} Shape;

INLINE Places places(const uint8_t *from) {
    Bytes values;
    memcpy(&values, from, sizeof values);
    return __builtin_convertvector(values, Places);
}

INLINE void put_places(Places values, uint8_t *to) {
    const Bytes bytes = __builtin_convertvector(values, Bytes);
    memcpy(to, &bytes, sizeof bytes);
}

INLINE Places either_place(Places mask, int32_t one, Places other) {
    return (mask & one) | (~mask & other);
}

/* Work with a window's sides as constants, so that loops over it unroll. */
#define FOR_WINDOW(work, shape, ...)                                            \
    do {                                                                        \
        if (shape->high == 1 && shape->wide == 1) work(shape, __VA_ARGS__, 1, 1); \
        else if (shape->high == 1) work(shape, __VA_ARGS__, 1, 2);              \
        else if (shape->wide == 1) work(shape, __VA_ARGS__, 2, 1);              \
        else work(shape, __VA_ARGS__, 2, 2);                                    \
    } while (0)

/* For each row of windows and each LANES channels from c on: `windows` of them. */
#define EACH_ROW(shape, high, wide)                                             \
    const long channels = shape->channels, line = shape->width * channels;      \
    const long rows = shape->height / high, windows = shape->width / wide;      \
    for (long row = 0; row < shape->batch * rows; row++)                        \
        for (long c = 0; c < channels; c += LANES)

/* Where a row's first pixel is, and that of its outputs. */
#define INPUT_OF_ROW ((row / rows * shape->height + row % rows * high) * line + c)
#define OUTPUT_OF_ROW (row * windows * channels + c)
/* Of window w, the place of its pixel i. */
#define PIXEL(w, i) ((i) / wide * line + ((w) * wide + (i) % wide) * channels)

/* Mean and summed squared deviations of each channel, joined block by block (Chan et al. 1983). */
static void moments(const float *inputs, long pixels, long channels, double *mean,
                    double *squares) {
    for (long c = 0; c < channels; c++) mean[c] = squares[c] = 0;
    for (long done = 0; done < pixels; done += BLOCK) {
        const long count = pixels - done < BLOCK ? pixels - done : BLOCK;
        const double share = (double)count / (double)(done + count);
        for (long c = 0; c < channels; c += LANES) {
            const float *block = inputs + done * channels + c;
            Floats middle = {0}, deviations = {0};
            for (long i = 0; i < count; i++) middle += floats(block + i * channels);
            middle /= (float)count;
            for (long i = 0; i < count; i++) {
                const Floats away = floats(block + i * channels) - middle;
                deviations += away * away;
            }
            for (long lane = 0; lane < LANES; lane++) {
                const double away = middle[lane] - mean[c + lane];
                mean[c + lane] += away * share;
                squares[c + lane] += deviations[lane] + away * away * (double)done * share;
            }
        }
    }
}

INLINE void forward(const Shape *shape, const float *inputs, const float *scale,
                    const float *shift, float floor, float *outputs, uint8_t *chosen,
                    const long high, const long wide) {
    EACH_ROW(shape, high, wide) {
        const float *in = inputs + INPUT_OF_ROW;
        const long out = OUTPUT_OF_ROW;
        const Floats by = floats(scale + c), plus = floats(shift + c);
        for (long w = 0; w < windows; w++) {
            Floats most = all(floor);
            Places place = (int32_t)(high * wide) - (Places){0};
            for (long i = 0; i < high * wide; i++) {
                const Floats value = floats(in + PIXEL(w, i)) * by + plus;
                const Places larger = ~(value <= most) & (most == most); /* or is no number */
                most = either(larger, value, most);
                place = either_place(larger, (int32_t)i, place);
            }
            put(most, outputs + out + w * channels);
            put_places(place, chosen + out + w * channels);
        }
    }
}

/* Sums of the gradients that reach the normalised inputs, and of their products with the inputs'
   distances from the mean. */
INLINE void sums(const Shape *shape, const float *inputs, const uint8_t *chosen,
                 const float *gradients, const float *mean, double *sum, double *product,
                 const long high, const long wide) {
    for (long c = 0; c < shape->channels; c++) sum[c] = product[c] = 0;
    EACH_ROW(shape, high, wide) {
        const float *in = inputs + INPUT_OF_ROW;
        const long out = OUTPUT_OF_ROW;
        const Floats middle = floats(mean + c), none = {0};
        Floats row_sum = {0}, row_product = {0};
        for (long w = 0; w < windows; w++) {
            const Places place = places(chosen + out + w * channels);
            Floats input = floats(in + PIXEL(w, 0));
            for (long i = 1; i < high * wide; i++)
                input = either(place == (int32_t)i, floats(in + PIXEL(w, i)), input);
            const Floats gradient = either(place < (int32_t)(high * wide),
                                           floats(gradients + out + w * channels), none);
            row_sum += gradient;
            row_product += gradient * (input - middle);
        }
        for (long lane = 0; lane < LANES; lane++) {
            sum[c + lane] += row_sum[lane];
            product[c + lane] += row_product[lane];
        }
    }
}

/* The inputs' gradients: scale * gradient - even - (input - mean) * slope. */
INLINE void backward(const Shape *shape, const float *inputs, const uint8_t *chosen,
                     const float *gradients, const float *mean, const float *scale,
                     const float *even, const float *slope, float *of_inputs, const long high,
                     const long wide) {
    EACH_ROW(shape, high, wide) {
        const long in = INPUT_OF_ROW, out = OUTPUT_OF_ROW;
        const Floats middle = floats(mean + c), by = floats(scale + c), none = {0};
        const Floats same = floats(even + c), rising = floats(slope + c);
        for (long w = 0; w < windows; w++) {
            const Places place = places(chosen + out + w * channels);
            const Floats gradient = by * floats(gradients + out + w * channels);
            for (long i = 0; i < high * wide; i++) {
                const Floats away = floats(inputs + in + PIXEL(w, i)) - middle;
                const Floats own = either(place == (int32_t)i, gradient, none);
                put(own - same - away * rising, of_inputs + in + PIXEL(w, i));
            }
        }
    }
}

/* The same of pixels that fill no window: no gradient but the one through mean and variance. */
static void backward_beside(const Shape *shape, const float *inputs, const float *mean,
                            const float *even, const float *slope, float *of_inputs) {
    const long rows = shape->height / shape->high * shape->high;
    const long columns = shape->width / shape->wide * shape->wide;
    for (long row = 0; row < shape->batch * shape->height; row++)
        for (long column = row % shape->height < rows ? columns : 0; column < shape->width;
             column++) {
            const long pixel = (row * shape->width + column) * shape->channels;
            for (long c = 0; c < shape->channels; c++)
                of_inputs[pixel + c] = -even[c] - (inputs[pixel + c] - mean[c]) * slope[c];
        }
}

/* With the batch's own statistics, towards which the running ones move by a factor: for the gradient
   each channel's mean, and then one over each one's standard deviation. */
void monogram_normalise(const Shape *shape, const float *inputs, const float *weight,
                        const float *bias, double epsilon, double factor, float floor,
                        float *running_mean, float *running_variance, float *statistics,
                        float *outputs, uint8_t *chosen) {
    const long channels = shape->channels, pixels = shape->batch * shape->height * shape->width;
    float *mean = statistics, *rate = statistics + channels;
    double middle[channels], squares[channels];
    float scale[channels], shift[channels];
    moments(inputs, pixels, channels, middle, squares);
    for (long c = 0; c < channels; c++) {
        const double one_over = 1 / sqrt(squares[c] / (double)pixels + epsilon);
        const double unbiased = squares[c] / (double)(pixels - 1);
        mean[c] = middle[c];
        rate[c] = one_over;
        scale[c] = weight[c] * one_over;
        shift[c] = bias[c] - middle[c] * weight[c] * one_over;
        running_mean[c] = (1 - factor) * running_mean[c] + factor * middle[c];
        running_variance[c] = (1 - factor) * running_variance[c] + factor * unbiased;
    }
    FOR_WINDOW(forward, shape, inputs, scale, shift, floor, outputs, chosen);
}

/* Gradients of weight, bias and, unless it is null, the inputs. */
void monogram_normalise_backward(const Shape *shape, const float *inputs, const uint8_t *chosen,
                                 const float *gradients, const float *weight,
                                 const float *statistics, float *of_weight, float *of_bias,
                                 float *of_inputs) {
    const long channels = shape->channels, pixels = shape->batch * shape->height * shape->width;
    const float *mean = statistics, *rate = statistics + channels;
    double sum[channels], product[channels];
    float scale[channels], even[channels], slope[channels];
    FOR_WINDOW(sums, shape, inputs, chosen, gradients, mean, sum, product);
    for (long c = 0; c < channels; c++) {
        of_weight[c] = product[c] * rate[c];
        of_bias[c] = sum[c];
        scale[c] = weight[c] * rate[c];
        even[c] = scale[c] * sum[c] / (double)pixels;
        slope[c] = scale[c] * product[c] * rate[c] * rate[c] / (double)pixels;
    }
    if (!of_inputs) return;
    FOR_WINDOW(backward, shape, inputs, chosen, gradients, mean, scale, even, slope, of_inputs);
    backward_beside(shape, inputs, mean, even, slope, of_inputs);
}
