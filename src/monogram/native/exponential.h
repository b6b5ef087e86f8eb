/* Exponentials of LANES numbers at a time. */

#pragma once

#include "vectors.h"

/* e to the power of each, to two units in the last place; 0 below -87. The polynomial is that of
   Cephes (Moshier 1992). */
INLINE Floats exponential(Floats x) {
    const float magic = 12582912; /* 1.5 * 2^23: adding it rounds to a whole number */
    const Places tiny = x < all(-87);
    x = either(tiny, all(-87), x);
    const Floats shifted = x * 1.44269504f + magic, whole = shifted - magic;
    const Floats rest = (x - whole * 0.693359375f) + whole * 2.12194440e-4f;
    Floats sum = all(1.9875691500e-4f);
    sum = sum * rest + 1.3981999507e-3f;
    sum = sum * rest + 8.3334519073e-3f;
    sum = sum * rest + 4.1665795894e-2f;
    sum = sum * rest + 1.6666665459e-1f;
    sum = sum * rest + 5.0000001201e-1f;
    sum = sum * rest * rest + rest + 1.0f;
    const Places power = ((Places)shifted - (Places)all(magic)) << 23;
    return either(tiny, all(0), (Floats)((Places)sum + power));
}
