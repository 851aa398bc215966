// The arithmetic of the UNet in diffusion/models/ for a page: WebAssembly with 128-bit SIMD.
//
// Built by `make kernel` (zig cc, from the package ziglang); kernel.wasm beside it is what pages hold.
// All tensors are float32, channels last: (B, H, W, C), C a multiple of 4. A "padded" tensor has a
// border of one zero pixel around every picture. Weights of convolutions are packed as
// [outputs / 8][taps][inputs][8], with outputs filled up to a multiple of 8.

#include <wasm_simd128.h>

#define EXPORT(name) __attribute__((export_name(#name)))
#define LOAD(p) wasm_v128_load(p)
#define STORE(p, v) wasm_v128_store(p, v)
#define ALL(x) wasm_f32x4_splat(x)
#define ADD wasm_f32x4_add
#define SUB wasm_f32x4_sub
#define MUL wasm_f32x4_mul

typedef v128_t Four;

// The compiler writes loops as these, and there is no library to find them in.
void *memset(void *to, int byte, unsigned long n) {
  char *p = to;
  while (n--) *p++ = byte;
  return to;
}

void *memcpy(void *to, const void *from, unsigned long n) {
  char *p = to;
  const char *q = from;
  while (n--) *p++ = *q++;
  return to;
}

static inline float sum(Four v) {
  return wasm_f32x4_extract_lane(v, 0) + wasm_f32x4_extract_lane(v, 1) +
         wasm_f32x4_extract_lane(v, 2) + wasm_f32x4_extract_lane(v, 3);
}

// e^x by the polynomial of the Cephes library, to a few units in the last place.
static inline Four exponential(Four x) {
  x = wasm_f32x4_min(wasm_f32x4_max(x, ALL(-87.3f)), ALL(88.3f));
  Four n = wasm_f32x4_nearest(MUL(x, ALL(1.44269504f)));
  Four r = SUB(SUB(x, MUL(n, ALL(0.693359375f))), MUL(n, ALL(-2.12194440e-4f)));
  Four p = ALL(1.9875691500e-4f);
  p = ADD(MUL(p, r), ALL(1.3981999507e-3f));
  p = ADD(MUL(p, r), ALL(8.3334519073e-3f));
  p = ADD(MUL(p, r), ALL(4.1665795894e-2f));
  p = ADD(MUL(p, r), ALL(1.6666665459e-1f));
  p = ADD(MUL(p, r), ALL(5.0000001201e-1f));
  p = ADD(ADD(MUL(MUL(p, r), r), r), ALL(1.f));
  Four power = wasm_i32x4_add(wasm_i32x4_trunc_sat_f32x4(n), wasm_i32x4_splat(127));
  return MUL(p, wasm_i32x4_shl(power, 23));
}

static inline Four silu_of(Four x) {
  return wasm_f32x4_div(x, ADD(ALL(1.f), exponential(wasm_f32x4_neg(x))));
}

EXPORT(silu) void silu(float *x, int n) {
  for (int i = 0; i < n; i += 4) STORE(x + i, silu_of(LOAD(x + i)));
}

// Convolution with k x k taps over a padded input, plus `residual` if there is one. Six pixels and
// eight outputs are held in registers. Linear layers are the case k = 1 of one row without border.
#define PIXELS 6
EXPORT(convolve)
void convolve(const float *in, const float *weight, const float *bias, const float *residual,
              float *out, int batch, int height_in, int width_in, int inputs, int height,
              int width, int outputs, int k, int stride) {
  int pixels = batch * height * width;
  for (int c = 0; c < outputs; c += 8) {
    Four bias0 = LOAD(bias + c), bias1 = LOAD(bias + c + 4);
    int x = 0, y = 0, b = 0;
    for (int p = 0; p < pixels; p += PIXELS) {
      int n = pixels - p < PIXELS ? pixels - p : PIXELS;
      const float *at[PIXELS];
      for (int i = 0; i < PIXELS; i++) {
        if (i >= n) {
          at[i] = at[0];
          continue;
        }
        at[i] = in + ((b * height_in + y * stride) * width_in + x * stride) * inputs;
        if (++x == width) {
          x = 0;
          if (++y == height) {
            y = 0;
            b++;
          }
        }
      }
      Four a[PIXELS][2];
      for (int i = 0; i < PIXELS; i++) {
        a[i][0] = bias0;
        a[i][1] = bias1;
      }
      const float *w = weight + c * k * k * inputs;
      for (int row = 0; row < k; row++) {  // the taps of a row are neighbours in memory
        int tap = row * width_in * inputs, end = tap + k * inputs;
        for (; tap < end; tap += 4, w += 32) {
#pragma clang loop unroll(full)
          for (int j = 0; j < 4; j++) {
            Four w0 = LOAD(w + 8 * j), w1 = LOAD(w + 8 * j + 4);
#pragma clang loop unroll(full)
            for (int i = 0; i < PIXELS; i++) {
              Four value = wasm_v128_load32_splat(at[i] + tap + j);
              a[i][0] = ADD(MUL(value, w0), a[i][0]);
              a[i][1] = ADD(MUL(value, w1), a[i][1]);
            }
          }
        }
      }
      for (int i = 0; i < n; i++) {
        int to = (p + i) * outputs + c;
        if (residual) {
          a[i][0] = ADD(a[i][0], LOAD(residual + to));
          a[i][1] = ADD(a[i][1], LOAD(residual + to + 4));
        }
        STORE(out + to, a[i][0]);
        STORE(out + to + 4, a[i][1]);
      }
    }
  }
}

// LayerNorm over the channels of every pixel; then scaled and shifted, by `gain` and `offset` of
// each channel, or by 1 + modulation[b][:C] and modulation[b][C:]; then SiLU where asked.
EXPORT(normalise)
void normalise(const float *x, const float *gain, const float *offset, const float *modulation,
               float *out, int batch, int height, int width, int channels, int active, int border) {
  int wide = width + 2 * border, high = height + 2 * border;
  if (border) memset(out, 0, batch * high * wide * channels * 4);
  for (int b = 0; b < batch; b++) {
    const float *scale = modulation ? modulation + b * 2 * channels : 0;
    for (int y = 0; y < height; y++) {
      for (int i = 0; i < width; i++, x += channels) {
        Four total = ALL(0), squares = ALL(0);
        for (int c = 0; c < channels; c += 4) total = ADD(total, LOAD(x + c));
        Four mean = ALL(sum(total) / channels);
        for (int c = 0; c < channels; c += 4) {
          Four d = SUB(LOAD(x + c), mean);
          squares = ADD(squares, MUL(d, d));
        }
        Four inverse = ALL(1.f / __builtin_sqrtf(sum(squares) / channels + 1e-5f));
        float *o = out + ((b * high + y + border) * wide + i + border) * channels;
        for (int c = 0; c < channels; c += 4) {
          Four v = MUL(SUB(LOAD(x + c), mean), inverse);
          if (gain) v = ADD(MUL(v, LOAD(gain + c)), LOAD(offset + c));
          if (scale) {
            v = ADD(LOAD(scale + channels + c), MUL(v, ADD(ALL(1.f), LOAD(scale + c))));
          }
          STORE(o + c, active ? silu_of(v) : v);
        }
      }
    }
  }
}

// A padded copy, with each pixel repeated `times` a side.
EXPORT(pad)
void pad(const float *x, float *out, int batch, int height, int width, int channels, int times) {
  int high = height * times, wide = width * times;
  memset(out, 0, batch * (high + 2) * (wide + 2) * channels * 4);
  for (int b = 0; b < batch; b++) {
    for (int y = 0; y < high; y++) {
      for (int i = 0; i < wide; i++) {
        const float *from = x + ((b * height + y / times) * width + i / times) * channels;
        memcpy(out + ((b * (high + 2) + y + 1) * (wide + 2) + i + 1) * channels, from, channels * 4);
      }
    }
  }
}

// The channels of two tensors, one after the other at every pixel.
EXPORT(concatenate)
void concatenate(const float *a, const float *b, float *out, int pixels, int of_a, int of_b) {
  for (int p = 0; p < pixels; p++, a += of_a, b += of_b, out += of_a + of_b) {
    memcpy(out, a, of_a * 4);
    memcpy(out + of_a, b, of_b * 4);
  }
}

// Attention with heads of 32 channels: qkv (B, N, 3 C) -> (B, N, C); `scores` has room for N.
EXPORT(attend)
void attend(const float *qkv, float *out, float *scores, int batch, int n, int channels) {
  const float scale = 0.17677669529663687f;  // 1 / sqrt(32)
  for (int b = 0; b < batch; b++) {
    for (int head = 0; head < channels; head += 32) {
      const float *base = qkv + b * n * 3 * channels + head;
      for (int i = 0; i < n; i++) {
        const float *query = base + i * 3 * channels;
        float most = -1e30f, total = 0;
        for (int j = 0; j < n; j++) {
          const float *key = base + (j * 3 + 1) * channels;
          Four s = ALL(0);
          for (int c = 0; c < 32; c += 4) s = ADD(s, MUL(LOAD(query + c), LOAD(key + c)));
          scores[j] = sum(s) * scale;
          if (scores[j] > most) most = scores[j];
        }
        Four seen[8];
        for (int c = 0; c < 8; c++) seen[c] = ALL(0);
        for (int j = 0; j < n; j++) {
          Four share = exponential(ALL(scores[j] - most));
          total += wasm_f32x4_extract_lane(share, 0);
          const float *value = base + (j * 3 + 2) * channels;
          for (int c = 0; c < 8; c++) seen[c] = ADD(seen[c], MUL(share, LOAD(value + 4 * c)));
        }
        float *o = out + (b * n + i) * channels + head;
        for (int c = 0; c < 8; c++) STORE(o + 4 * c, MUL(seen[c], ALL(1.f / total)));
      }
    }
  }
}

// What `pixel_shuffle` does, cropped: (B, rows, columns, filled) with channel (c r + y) r + x ->
// (B, H, W, stride) with channel c; the rest of each pixel is 0.
EXPORT(shuffle)
void shuffle(const float *x, float *out, int batch, int rows, int columns, int filled, int r,
             int height, int width, int channels, int stride) {
  for (int b = 0; b < batch; b++) {
    for (int y = 0; y < height; y++) {
      for (int i = 0; i < width; i++, out += stride) {
        const float *from = x + ((b * rows + y / r) * columns + i / r) * filled + y % r * r + i % r;
        for (int c = 0; c < channels; c++) out[c] = from[c * r * r];
        for (int c = channels; c < stride; c++) out[c] = 0;
      }
    }
  }
}

// Guidance: untold + scale (told - untold), into told.
EXPORT(guide) void guide(float *told, const float *untold, int n, float scale) {
  for (int i = 0; i < n; i += 4) {
    Four u = LOAD(untold + i);
    STORE(told + i, ADD(u, MUL(ALL(scale), SUB(LOAD(told + i), u))));
  }
}

// The clean estimate of a palette network. scores (P, filled) are used up; x and out (P, 4); colours
// (filled, 4), halves |c|^2 / 2 and bias (filled), where a bias of -1e30 forbids a colour; alpha and
// 1 / sigma^2 of each picture of n pixels; sharp of each picture: how far the estimate moves on to
// the nearest colour (`SharpPalette`), 0 for not at all.
EXPORT(choose)
void choose(float *scores, const float *x, const float *colours, const float *halves,
            const float *bias, const float *alpha, const float *precision, const float *sharp,
            float *out, int batch, int n, int count, int filled) {
  for (int b = 0; b < batch; b++) {
    float a = alpha[b], s = precision[b];
    for (int p = 0; p < n; p++, scores += filled, x += 4, out += 4) {
      Four pixel = MUL(LOAD(x), ALL(a * s));
      float most = -1e30f;
      for (int k = 0; k < count; k++) {
        float near = sum(MUL(pixel, LOAD(colours + 4 * k))) - a * a * s * halves[k];
        float score = scores[k] + near + bias[k];
        scores[k] = score;
        if (score > most) most = score;
      }
      for (int k = count; k < filled; k++) scores[k] = -1e30f;
      Four total = ALL(0), mean = ALL(0);
      for (int k = 0; k < filled; k += 4) {
        Four share = exponential(SUB(LOAD(scores + k), ALL(most)));
        STORE(scores + k, share);
        total = ADD(total, share);
      }
      for (int k = 0; k < count; k++) {
        mean = ADD(mean, MUL(ALL(scores[k]), LOAD(colours + 4 * k)));
      }
      mean = MUL(mean, ALL(1.f / sum(total)));
      if (sharp[b] > 0) {
        int best = 0;
        float nearest = -1e30f;
        for (int k = 0; k < count; k++) {
          float near = sum(MUL(mean, LOAD(colours + 4 * k))) - halves[k] + bias[k];
          if (near > nearest) {
            nearest = near;
            best = k;
          }
        }
        Four away = SUB(LOAD(colours + 4 * best), mean);
        mean = ADD(mean, MUL(ALL(sharp[b]), away));
      }
      STORE(out, mean);
    }
  }
}
