/* Winograd's minimal filtering of one axis: four outputs of a kernel of three or five by products at
   six or eight points (Winograd 1980; Lavin & Gray 2016), of LANES channels at a time.

   Polynomials are multiplied through their values. A kernel of `side` numbers and the side + 3
   inputs that four outputs see are taken to values at side + 3 points, which are multiplied, and the
   products back to outputs. The points come in pairs of one sign each, so that the even and the odd
   powers are summed once for two of them; one is 0, the last one is infinity:

       side 3:  0, 3/4, -3/4, 3/2, -3/2, infinity
       side 5:  0, 1/2, -1/2, 1, -1, 2, -2, infinity

   Among fractions of eighths these lose the fewest digits: outputs are about twice as far from exact
   ones as direct sums, gradients of weights up to ten times. A side of 1 is left as it is. Each
   function works in place on numbers that lie `k` apart. */

#pragma once

#include "vectors.h"

#define STEP(side) ((side) == 1 ? 1 : 4) /* outputs of a tile */
#define POINTS(side) ((side) + STEP(side) - 1)
#define MOST_POINTS 36 /* of two axes */

#define NEAR 0.75f
#define FAR 1.5f
#define NEAR2 (NEAR * NEAR)
#define FAR2 (FAR * FAR)
/* What a kernel's value at a point is divided by: its distances from all other points. */
#define AT_ZERO (NEAR2 * FAR2)
#define AT_NEAR (2 * NEAR2 * (NEAR2 - FAR2))
#define AT_FAR (2 * FAR2 * (FAR2 - NEAR2))
#define AT_HALF (45 / 32.0f)
#define AT_ONE (-9 / 2.0f)
#define AT_TWO 90.0f

/* Put the sum and the difference of an even and an odd part at a point and at its negative. */
INLINE void put_pair(Floats even, Floats odd, Floats *point, const long k) {
    point[0] = even + odd;
    point[k] = even - odd;
}

INLINE void points_of_inputs(Floats *v, const long side, const long k) {
    if (side == 1) return;
    const Floats a = v[0], b = v[k], c = v[2 * k], d = v[3 * k], e = v[4 * k], f = v[5 * k];
    if (side == 3) {
        v[0] = AT_ZERO * a - (NEAR2 + FAR2) * c + e;
        put_pair(e - FAR2 * c, NEAR * (d - FAR2 * b), v + k, k);
        put_pair(e - NEAR2 * c, FAR * (d - NEAR2 * b), v + 3 * k, k);
        v[5 * k] = AT_ZERO * b - (NEAR2 + FAR2) * d + f;
        return;
    }
    const Floats g = v[6 * k], h = v[7 * k];
    v[0] = g - 5.25f * (e - c) - a;
    put_pair(g - 5 * e + 4 * c, 0.5f * (f - 5 * d + 4 * b), v + k, k);
    put_pair(g - 4.25f * e + c, f - 4.25f * d + b, v + 3 * k, k);
    put_pair(g - 1.25f * e + 0.25f * c, 2 * (f - 1.25f * d + 0.25f * b), v + 5 * k, k);
    v[7 * k] = h - 5.25f * (f - d) - b;
}

INLINE void points_of_weights(Floats *v, const long side, const long k) {
    if (side == 1) return;
    const Floats a = v[0], b = v[k], c = v[2 * k];
    if (side == 3) {
        v[0] = a / AT_ZERO;
        put_pair((a + NEAR2 * c) / AT_NEAR, b * (NEAR / AT_NEAR), v + k, k);
        put_pair((a + FAR2 * c) / AT_FAR, b * (FAR / AT_FAR), v + 3 * k, k);
        v[5 * k] = c;
        return;
    }
    const Floats d = v[3 * k], e = v[4 * k];
    v[0] = -a;
    put_pair((a + c / 4 + e / 16) / AT_HALF, (b / 2 + d / 8) / AT_HALF, v + k, k);
    put_pair((a + c + e) / AT_ONE, (b + d) / AT_ONE, v + 3 * k, k);
    put_pair((a + 4 * c + 16 * e) / AT_TWO, (2 * b + 8 * d) / AT_TWO, v + 5 * k, k);
    v[7 * k] = e;
}

INLINE void outputs_of_points(Floats *v, const long side, const long k) {
    if (side == 1) return;
    const Floats even = v[k] + v[2 * k], odd = v[k] - v[2 * k];
    const Floats next_even = v[3 * k] + v[4 * k], next_odd = v[3 * k] - v[4 * k];
    if (side == 3) {
        v[0] += even + next_even;
        v[k] = NEAR * odd + FAR * next_odd;
        v[2 * k] = NEAR2 * even + FAR2 * next_even;
        v[3 * k] = NEAR * NEAR2 * odd + FAR * FAR2 * next_odd + v[5 * k];
        return;
    }
    const Floats last_even = v[5 * k] + v[6 * k], last_odd = v[5 * k] - v[6 * k];
    v[0] += even + next_even + last_even;
    v[k] = odd / 2 + next_odd + 2 * last_odd;
    v[2 * k] = even / 4 + next_even + 4 * last_even;
    v[3 * k] = odd / 8 + next_odd + 8 * last_odd + v[7 * k];
}

/* Of the outputs' gradients: outputs_of_points transposed. */
INLINE void points_of_gradients(Floats *v, const long side, const long k) {
    if (side == 1) return;
    const Floats a = v[0], b = v[k], c = v[2 * k], d = v[3 * k];
    if (side == 3) {
        put_pair(a + NEAR2 * c, NEAR * b + NEAR * NEAR2 * d, v + k, k);
        put_pair(a + FAR2 * c, FAR * b + FAR * FAR2 * d, v + 3 * k, k);
        v[5 * k] = d;
        return;
    }
    put_pair(a + c / 4, b / 2 + d / 8, v + k, k);
    put_pair(a + c, b + d, v + 3 * k, k);
    put_pair(a + 4 * c, 2 * b + 8 * d, v + 5 * k, k);
    v[7 * k] = d;
}

/* The weights' gradients of those of their points: points_of_weights transposed. */
INLINE void weights_of_points(Floats *v, const long side, const long k) {
    if (side == 1) return;
    const Floats even = v[k] + v[2 * k], odd = v[k] - v[2 * k];
    const Floats next_even = v[3 * k] + v[4 * k], next_odd = v[3 * k] - v[4 * k];
    if (side == 3) {
        v[0] = v[0] / AT_ZERO + even / AT_NEAR + next_even / AT_FAR;
        v[k] = odd * (NEAR / AT_NEAR) + next_odd * (FAR / AT_FAR);
        v[2 * k] = even * (NEAR2 / AT_NEAR) + next_even * (FAR2 / AT_FAR) + v[5 * k];
        return;
    }
    const Floats last_even = v[5 * k] + v[6 * k], last_odd = v[5 * k] - v[6 * k];
    v[0] = even / AT_HALF + next_even / AT_ONE + last_even / AT_TWO - v[0];
    v[k] = odd / (2 * AT_HALF) + next_odd / AT_ONE + last_odd * (2 / AT_TWO);
    v[2 * k] = even / (4 * AT_HALF) + next_even / AT_ONE + last_even * (4 / AT_TWO);
    v[3 * k] = odd / (8 * AT_HALF) + next_odd / AT_ONE + last_odd * (8 / AT_TWO);
    v[4 * k] = even / (16 * AT_HALF) + next_even / AT_ONE + last_even * (16 / AT_TWO) + v[7 * k];
}
