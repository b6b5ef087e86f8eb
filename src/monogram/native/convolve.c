/* Convolutions of 3 x 3 and 1 x 5 with a fraction of the multiplications (winograd.h).

   Activations are float32 with the channels last: [batch, height, width, channels], channels a
   multiple of LANES. Outputs are made in tiles of four a side. For TILES of them at a time, which
   stay in the caches: the inputs that a tile sees are taken to their points (`gather`); at each
   point the channels are multiplied by the weights, a product of matrices; and what comes out is
   taken back to outputs (`scatter`). The weights' gradients come of the same points, of inputs and
   of the outputs' gradients, and those of the inputs are a convolution of the outputs' gradients. */

#include "multiply.h"
#include "winograd.h"

typedef struct {
    long batch, height, width;
    long inputs, outputs; /* channels */
    long high, wide;      /* of a kernel */
    long above, beside;   /* rows and columns of zeros around a picture */
} Convolution;

#define TILES 24 /* no power of two: points lie so far apart, and would share lines of a cache */
#define SPARE 16 /* numbers between points, for the same reason */
#define POINT(channels) (TILES * (channels) + SPARE) /* from one to the next */

/* For functions whose addresses would not fit into registers beside those of their callers. */
#define BY_ITSELF static __attribute__((noinline))
#define UNROLLED _Pragma("GCC unroll 36")

/* How far lines and columns of a grid of numbers lie apart. */
typedef struct {
    long line, column;
} Apart;

/* Takes LANES channels of a grid to those of another; `added` to each, or null. */
typedef void Transform(const float *from, Apart in, float *to, Apart out, const float *added);

/* The same of so many rows and columns to others, along one axis and then along the other. */
INLINE void transform(const float *from, Apart in, float *to, Apart out, const float *added,
                      void (*const axis)(Floats *, long, long), const long rows, const long columns,
                      const long to_rows, const long to_columns, const long high, const long wide) {
    const long k = columns > to_columns ? columns : to_columns;
    Floats v[MOST_POINTS];
    UNROLLED for (long y = 0; y < rows; y++)
        UNROLLED for (long x = 0; x < columns; x++)
            v[y * k + x] = floats(from + y * in.line + x * in.column);
    UNROLLED for (long x = 0; x < columns; x++) axis(v + x, high, k);
    UNROLLED for (long y = 0; y < to_rows; y++) axis(v + y * k, wide, 1);
    UNROLLED for (long y = 0; y < to_rows; y++)
        UNROLLED for (long x = 0; x < to_columns; x++) {
            if (added) v[y * k + x] += floats(added);
            put(v[y * k + x], to + y * out.line + x * out.column);
        }
}

#define TRANSFORM(name, axis, added, ...)                                                      \
    BY_ITSELF void name(const float *from, Apart in, float *to, Apart out, const float *plus) { \
        (void)plus;                                                                            \
        transform(from, in, to, out, added, axis, __VA_ARGS__);                                \
    }

/* Kernels of one size: sides, points along each, outputs of a tile along each, transforms. */
typedef struct {
    long high, wide, down, along, rows, columns;
    Transform *inputs, *weights, *outputs, *gradients, *of_weights;
} Kernel;

#define KERNEL(name, h, w)                                                                      \
    TRANSFORM(inputs_##name, points_of_inputs, 0, POINTS(h), POINTS(w), POINTS(h), POINTS(w), h, w) \
    TRANSFORM(weights_##name, points_of_weights, 0, h, w, POINTS(h), POINTS(w), h, w)            \
    TRANSFORM(outputs_##name, outputs_of_points, plus, POINTS(h), POINTS(w), STEP(h), STEP(w), h, w) \
    TRANSFORM(gradients_##name, points_of_gradients, 0, STEP(h), STEP(w), POINTS(h), POINTS(w), h, w) \
    TRANSFORM(of_weights_##name, weights_of_points, 0, POINTS(h), POINTS(w), h, w, h, w)         \
    static const Kernel name = {h, w, POINTS(h), POINTS(w), STEP(h), STEP(w), inputs_##name,     \
                                weights_##name, outputs_##name, gradients_##name, of_weights_##name};
KERNEL(three_by_three, 3, 3)
KERNEL(one_by_five, 1, 5)

/* Inputs [rows, inputs] by weights, which lie panel by panel, at a point. */
BY_ITSELF void by_weights(const Convolution *s, const float *inputs, const float *weights,
                          float *outputs, long rows) {
    const long in = s->inputs, out = s->outputs, whole = out / PANEL * PANEL;
    multiply((Product){inputs, in, 1, weights, in, PANEL, in, 0, 0, outputs, out}, rows, whole);
    if (whole == out) return;
    weights += whole * in;
    multiply((Product){inputs, in, 1, weights, in, LANES, in, 0, 0, outputs + whole, out}, rows,
             LANES);
}

/* Inputs [count, inputs], transposed, by gradients [count, outputs] at a point, added up. */
BY_ITSELF void by_gradients(const Convolution *s, const float *inputs, const float *gradients,
                            float *weights, long count) {
    const long in = s->inputs, out = s->outputs;
    multiply((Product){inputs, 1, in, gradients, 1, out, count, 0, 1, weights, out}, in, out);
}

/* Pictures of [height, width, channels]. */
typedef struct {
    long height, width, channels;
} Pictures;

/* Those that come in and those that come out, and the tiles that the latter are cut into. */
typedef struct {
    Pictures in, out;
    long rows, columns, count; /* of tiles: in a picture, and in all */
} Tiles;

static Tiles tiles_of(const Convolution *s, const Kernel *kernel) {
    const long height = s->height + 2 * s->above - kernel->high + 1;
    const long width = s->width + 2 * s->beside - kernel->wide + 1;
    const long rows = (height + kernel->rows - 1) / kernel->rows;
    const long columns = (width + kernel->columns - 1) / kernel->columns;
    return (Tiles){{s->height, s->width, s->inputs}, {height, width, s->outputs},
                   rows, columns, s->batch * rows * columns};
}

/* One of them: in which picture, at which row and column of tiles. */
typedef struct {
    long picture, row, column;
} Tile;

static void advance(const Tiles *tiles, Tile *tile) {
    if (++tile->column < tiles->columns) return;
    tile->column = 0;
    if (++tile->row < tiles->rows) return;
    tile->row = 0;
    tile->picture++;
}

/* A rectangle of a picture's pixels; in part it may lie beyond the edges. */
typedef struct {
    long top, left, rows, columns;
} Part;

static int is_inside(const Pictures *of, const Part *part) {
    return part->top >= 0 && part->left >= 0 && part->top + part->rows <= of->height &&
           part->left + part->columns <= of->width;
}

static long within(long value, long most) { return value < 0 ? 0 : value > most ? most : value; }

/* Copy what of a part lies in a picture from there to a patch of its own, or back. */
static void copy(const Pictures *of, const Part *part, float *picture, float *patch, int back) {
    const long first = within(part->left, of->width);
    const long length = within(part->left + part->columns, of->width) - first;
    const long top = within(-part->top, part->rows);
    const long bottom = within(of->height - part->top, part->rows);
    for (long y = top; y < bottom; y++) {
        float *there = picture + ((part->top + y) * of->width + first) * of->channels;
        float *here = patch + (y * part->columns + first - part->left) * of->channels;
        memcpy(back ? there : here, back ? here : there, length * of->channels * sizeof(float));
    }
}

/* Inputs of some tiles, or gradients of their outputs, to their points [points, tiles, channels].
   Behind the last of them is room for a patch. */
static void gather(const Kernel *kernel, const Tiles *tiles, Tile *tile, const Pictures *of,
                   const float *pictures, Part part, Transform *to_points, long count,
                   float *points) {
    const long top = part.top, left = part.left, channels = of->channels;
    const Apart out = {kernel->along * POINT(channels), POINT(channels)};
    float *patch = points + kernel->down * out.line;
    for (long i = 0; i < count; i++, advance(tiles, tile)) {
        const float *from = pictures + tile->picture * of->height * of->width * channels;
        Apart in = {of->width * channels, channels};
        part.top = top + tile->row * kernel->rows;
        part.left = left + tile->column * kernel->columns;
        if (is_inside(of, &part)) from += (part.top * of->width + part.left) * channels;
        else {
            memset(patch, 0, part.rows * part.columns * channels * sizeof(float));
            copy(of, &part, (float *)from, patch, 0);
            in.line = part.columns * channels;
            from = patch;
        }
        for (long c = 0; c < channels; c += LANES)
            to_points(from + c, in, points + i * channels + c, out, 0);
    }
}

/* Points of some tiles [points, tiles, channels] to outputs. */
static void scatter(const Kernel *kernel, const Tiles *tiles, Tile *tile, float *points, long count,
                    const float *bias, float *outputs) {
    const Pictures *of = &tiles->out;
    const long channels = of->channels;
    const Apart in = {kernel->along * POINT(channels), POINT(channels)};
    float *patch = points + kernel->down * in.line;
    for (long i = 0; i < count; i++, advance(tiles, tile)) {
        const Part part = {tile->row * kernel->rows, tile->column * kernel->columns, kernel->rows,
                           kernel->columns};
        float *picture = outputs + tile->picture * of->height * of->width * channels;
        const int inside = is_inside(of, &part);
        const Apart out = {(inside ? of->width : part.columns) * channels, channels};
        float *to = inside ? picture + part.top * out.line + part.left * channels : patch;
        for (long c = 0; c < channels; c += LANES)
            kernel->outputs(points + i * channels + c, in, to + c, out, bias ? bias + c : 0);
        if (!inside) copy(of, &part, picture, patch, 1);
    }
}

/* One of the products' panels of outputs: the number of its columns; they begin at a place. */
static long across(const Convolution *s, long output) {
    return s->outputs - output / PANEL * PANEL < PANEL ? LANES : PANEL;
}

static long place(const Convolution *s, long input, long output) {
    const long panel = output / PANEL * PANEL;
    return panel * s->inputs + input * across(s, output) + output - panel;
}

/* Squares of LANES x LANES numbers, one for each point, on their side from there to there. */
static void turn_squares(const float *from, Apart in, float *to, Apart out, long count) {
    Floats v[LANES];
    for (long p = 0; p < count; p++) {
        for (long i = 0; i < LANES; i++) v[i] = floats(from + p * in.line + i * in.column);
        turn_square(v);
        for (long i = 0; i < LANES; i++) put(v[i], to + p * out.line + i * out.column);
    }
}

/* Weights [outputs, high, wide, inputs] to their points [points, panels, inputs, PANEL]. */
static void points_of_kernels(const Kernel *kernel, const Convolution *s, const float *weights,
                              float *points) {
    const long taps = kernel->high * kernel->wide, count = kernel->down * kernel->along;
    const Apart in = {kernel->wide * s->inputs, s->inputs};
    const Apart square = {kernel->along * LANES * LANES, LANES * LANES};
    float squares[MOST_POINTS * LANES * LANES];
    for (long c = 0; c < s->outputs; c += LANES)
        for (long i = 0; i < s->inputs; i += LANES) {
            for (long k = 0; k < LANES; k++)
                kernel->weights(weights + (c + k) * taps * s->inputs + i, in, squares + k * LANES,
                                square, 0);
            turn_squares(squares, (Apart){LANES * LANES, LANES}, points + place(s, i, c),
                         (Apart){s->inputs * s->outputs, across(s, c)}, count);
        }
}

/* The same of kernels turned around, of weights [inputs, high, wide, outputs]. */
static void points_of_turned(const Kernel *kernel, const Convolution *s, const float *weights,
                             float *points) {
    const long taps = kernel->high * kernel->wide, size = s->inputs * s->outputs;
    const Apart back = {-kernel->wide * s->outputs, -s->outputs};
    const Apart out = {kernel->along * size, size};
    for (long c = 0; c < s->outputs; c += LANES)
        for (long i = 0; i < s->inputs; i++) {
            const float *last = weights + ((i + 1) * taps - 1) * s->outputs;
            kernel->weights(last + c, back, points + place(s, i, c), out, 0);
        }
}

/* Gradients at the weights' points [points, inputs, outputs] to those of the weights
   [outputs, high, wide, inputs]. */
static void kernels_of_points(const Kernel *kernel, const Convolution *s, const float *points,
                              float *weights) {
    const long taps = kernel->high * kernel->wide, size = s->inputs * s->outputs;
    const Apart in = {kernel->along * size, size};
    const Apart square = {kernel->wide * LANES * LANES, LANES * LANES};
    float squares[MOST_POINTS * LANES * LANES];
    for (long c = 0; c < s->outputs; c += LANES)
        for (long i = 0; i < s->inputs; i += LANES) {
            for (long k = 0; k < LANES; k++)
                kernel->of_weights(points + (i + k) * s->outputs + c, in, squares + k * LANES,
                                   square, 0);
            turn_squares(squares, (Apart){LANES * LANES, LANES}, weights + c * taps * s->inputs + i,
                         (Apart){s->inputs, taps * s->inputs}, taps);
        }
}

/* The memory to compute in: points of the weights, and of TILES tiles' inputs and outputs. */
typedef struct {
    long points;
    float *weights, *inputs, *outputs;
} Scratch;

static Scratch scratch_of(const Kernel *kernel, const Convolution *s, float *memory) {
    const long points = kernel->down * kernel->along;
    float *inputs = memory + points * s->inputs * s->outputs;
    return (Scratch){points, memory, inputs, inputs + points * (POINT(s->inputs) + s->inputs)};
}

static const Kernel *kernel_of(const Convolution *s) {
    return s->high == 3 ? &three_by_three : &one_by_five;
}

/* What the tile in a picture's upper left corner sees. */
static Part seen(const Kernel *kernel, const Convolution *s) {
    return (Part){-s->above, -s->beside, kernel->down, kernel->along};
}

static long fewer(long one, long other) { return one < other ? one : other; }

/* Outputs [batch, height, width, outputs] of weights that are at their points; bias may be null. */
static void convolve(const Kernel *kernel, const Convolution *s, const float *inputs,
                     const float *bias, Scratch at, float *outputs) {
    const Tiles tiles = tiles_of(s, kernel);
    const long size = s->inputs * s->outputs;
    Tile in = {0}, out = {0};
    for (long first = 0; first < tiles.count; first += TILES) {
        const long some = fewer(TILES, tiles.count - first);
        gather(kernel, &tiles, &in, &tiles.in, inputs, seen(kernel, s), kernel->inputs, some,
               at.inputs);
        for (long p = 0; p < at.points; p++)
            by_weights(s, at.inputs + p * POINT(s->inputs), at.weights + p * size,
                       at.outputs + p * POINT(s->outputs), some);
        scatter(kernel, &tiles, &out, at.outputs, some, bias, outputs);
    }
}

/* Of weights [outputs, high, wide, inputs]; bias may be null. */
void monogram_convolve(const Convolution *s, const float *inputs, const float *weights,
                       const float *bias, float *memory, float *outputs) {
    const Kernel *kernel = kernel_of(s);
    const Scratch at = scratch_of(kernel, s, memory);
    points_of_kernels(kernel, s, weights, at.weights);
    convolve(kernel, s, inputs, bias, at, outputs);
}

/* Gradients of a convolution's inputs. They are the outputs here, and those of its outputs the
   inputs, of kernels turned around: weights [inputs, high, wide, outputs]. */
void monogram_convolve_inputs(const Convolution *s, const float *gradients, const float *weights,
                              float *memory, float *of_inputs) {
    const Kernel *kernel = kernel_of(s);
    const Scratch at = scratch_of(kernel, s, memory);
    points_of_turned(kernel, s, weights, at.weights);
    convolve(kernel, s, gradients, 0, at, of_inputs);
}

/* Pictures [batch, channels, pixels] as [batch, pixels, filled], filled up with channels of zeros to
   a multiple of LANES. */
void monogram_fill(const float *pictures, long batch, long channels, long pixels, float *filled) {
    const long most = (channels + LANES - 1) / LANES * LANES;
    for (long b = 0; b < batch; b++, pictures += channels * pixels, filled += pixels * most)
        for (long c = 0; c < most; c += LANES) {
            const long rows = fewer(LANES, channels - c);
            long i = 0;
            for (; i + LANES <= pixels; i += LANES) {
                Floats v[LANES] = {0};
                for (long k = 0; k < rows; k++) v[k] = floats(pictures + (c + k) * pixels + i);
                turn_square(v);
                for (long k = 0; k < LANES; k++) put(v[k], filled + (i + k) * most + c);
            }
            for (; i < pixels; i++)
                for (long k = 0; k < LANES; k++)
                    filled[i * most + c + k] = k < rows ? pictures[(c + k) * pixels + i] : 0;
        }
}

/* Gradients of weights [outputs, high, wide, inputs] of those of the outputs. */
void monogram_convolve_weights(const Convolution *s, const float *inputs, const float *gradients,
                                float *memory, float *of_weights) {
    const Kernel *kernel = kernel_of(s);
    const Tiles tiles = tiles_of(s, kernel);
    const Scratch at = scratch_of(kernel, s, memory);
    const long size = s->inputs * s->outputs;
    const Part made = {0, 0, kernel->rows, kernel->columns};
    Tile in = {0}, out = {0};
    memset(at.weights, 0, at.points * size * sizeof(float));
    for (long first = 0; first < tiles.count; first += TILES) {
        const long some = fewer(TILES, tiles.count - first);
        gather(kernel, &tiles, &in, &tiles.in, inputs, seen(kernel, s), kernel->inputs, some,
               at.inputs);
        gather(kernel, &tiles, &out, &tiles.out, gradients, made, kernel->gradients, some,
               at.outputs);
        for (long p = 0; p < at.points; p++)
            by_gradients(s, at.inputs + p * POINT(s->inputs), at.outputs + p * POINT(s->outputs),
                         at.weights + p * size, some);
    }
    kernels_of_points(kernel, s, at.weights, of_weights);
}
