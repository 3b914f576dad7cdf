#include "ic_deflate_parts.h"

typedef struct {
  uint32_t weight;
  int16_t left, right;  // children, -1 for a leaf
} node;

// Sorts keys of weight << 16 | symbol by weight, by its bytes from the lowest on; symbols of one
// weight stay in order.
static void sort_by_weight(uint64_t *keys, int count) {
  uint64_t other[IC_LITERALS], any = 0;
  for (int i = 0; i < count; i++) any |= keys[i];
  for (int shift = 16; any >> shift != 0; shift += 8) {
    uint16_t places[256] = {0};
    for (int i = 0; i < count; i++) places[keys[i] >> shift & 255]++;
    for (int d = 0, place = 0; d < 256; d++) {
      int here = places[d];
      places[d] = (uint16_t)place;
      place += here;
    }
    for (int i = 0; i < count; i++) other[places[keys[i] >> shift & 255]++] = keys[i];
    memcpy(keys, other, (size_t)count * sizeof *keys);
  }
}

// The symbols that occur, the rarest first; symbols of one weight in order.
typedef struct {
  uint64_t keys[IC_LITERALS];
  int count;
} by_weight;

static inline uint32_t weight(uint64_t key) { return (uint32_t)(key >> 16); }

static inline int symbol(uint64_t key) { return key & 0xFFFF; }

// Depths of a Huffman tree, by merging two sorted queues: rarer symbols lie as deep or deeper.
static void huffman_depths(const by_weight *sorted, uint8_t *depths) {
  node nodes[2 * IC_LITERALS];
  uint8_t level[2 * IC_LITERALS];
  int leaves = sorted->count;
  for (int n = 0; n < leaves; n++) nodes[n] = (node){weight(sorted->keys[n]), -1, -1};
  int leaf = 0, inner = leaves, end = leaves;
  while (end < 2 * leaves - 1) {
    int16_t pick[2];
    for (int i = 0; i < 2; i++) {
      int from_leaf = leaf < leaves && (inner == end || nodes[leaf].weight <= nodes[inner].weight);
      pick[i] = (int16_t)(from_leaf ? leaf++ : inner++);
    }
    nodes[end++] = (node){nodes[pick[0]].weight + nodes[pick[1]].weight, pick[0], pick[1]};
  }
  level[end - 1] = 0;
  for (int n = end - 1; n >= leaves; n--)
    level[nodes[n].left] = level[nodes[n].right] = (uint8_t)(level[n] + 1);
  for (int n = 0; n < leaves; n++) depths[symbol(sorted->keys[n])] = level[n];
}

// Shortens codes to `limit` bits while they stay decodable: the rarest shorter codes make room.
// What is left over then goes to the most frequent symbols that it suffices for.
static void limit_depths(const by_weight *sorted, int limit, uint8_t *depths) {
  uint32_t used = 0, full = 1u << limit;
  for (int n = 0; n < sorted->count; n++) {
    uint8_t *depth = &depths[symbol(sorted->keys[n])];
    if (*depth > limit) *depth = (uint8_t)limit;
    used += full >> *depth;
  }
  for (int n = 0; n < sorted->count && used > full; n++) {
    uint8_t *depth = &depths[symbol(sorted->keys[n])];
    while (*depth < limit && used > full) used -= full >> ++*depth;
  }
  for (int end = sorted->count; end > 0 && used < full;) {
    int start = end - 1;
    while (start > 0 && weight(sorted->keys[start - 1]) == weight(sorted->keys[end - 1])) start--;
    for (int n = start; n < end; n++) {
      uint8_t *depth = &depths[symbol(sorted->keys[n])];
      while (*depth > 1 && full >> *depth <= full - used) used += full >> (*depth)--;
    }
    end = start;
  }
}

static unsigned reversed_16(unsigned bits) {
  bits = (bits >> 1 & 0x5555) | (bits & 0x5555) << 1;
  bits = (bits >> 2 & 0x3333) | (bits & 0x3333) << 2;
  bits = (bits >> 4 & 0x0F0F) | (bits & 0x0F0F) << 4;
  return bits >> 8 | (bits & 0xFF) << 8;
}

// Canonical codes.
static void assign_codes(const uint8_t *depths, int count, uint16_t *codes) {
  uint16_t first[17] = {0}, population[17] = {0};
  for (int s = 0; s < count; s++) population[depths[s]]++;
  population[0] = 0;
  for (int d = 1; d <= 15; d++) first[d + 1] = (uint16_t)((first[d] + population[d]) << 1);
  for (int s = 0; s < count; s++)
    if (depths[s] > 0)
      codes[s] = (uint16_t)(reversed_16(first[depths[s]]++) >> (16 - depths[s]));
}

void ic_make_alphabet(const uint32_t *weights, int count, int limit, ic_alphabet *made) {
  memset(made->depths, 0, sizeof made->depths);
  by_weight sorted;
  sorted.count = 0;
  for (int s = 0; s < count; s++)
    if (weights[s] > 0) sorted.keys[sorted.count++] = (uint64_t)weights[s] << 16 | (uint64_t)s;
  if (sorted.count == 1) {
    made->depths[symbol(sorted.keys[0])] = 1;
  } else if (sorted.count > 1) {
    sort_by_weight(sorted.keys, sorted.count);
    huffman_depths(&sorted, made->depths);
    limit_depths(&sorted, limit, made->depths);
  }
  memset(made->codes, 0, sizeof made->codes);
  assign_codes(made->depths, count, made->codes);
  made->longest = 0;
  for (int s = 0; s < count; s++)
    if (made->depths[s] > made->longest) made->longest = made->depths[s];
  for (int s = 0; s < 256; s++) {
    made->low[s] = (uint8_t)made->codes[s];
    made->high[s] = (uint8_t)(made->codes[s] >> 8);
  }
}
