#include "ic_jpeg_blocks.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include <jerror.h>

#include "ic_blocks.h"
#include "ic_codecs.h"

enum { HUGE_PAGE = 2 << 20, ARRAYS = MAX_COMPONENTS, LINE = 64 };

// From which size on coefficients lie here, and from which they are packed: below, packing costs a little
// more than the memory that it spares.
#ifdef FUZZING_BUILD_MODE_UNSAFE_FOR_PRODUCTION
enum { LEAST_BYTES = 1, LEAST_PACKED_BYTES = 2048 };
#else
enum { LEAST_BYTES = HUGE_PAGE, LEAST_PACKED_BYTES = 16 << 20 };
#endif

// A row of blocks while the library does not work on it.
typedef struct {
  uint8_t *packed;  // NULL: all zero
  size_t capacity;
  int dense;  // lies in the mapping for good
} idle_row;

// What the library knows as a jvirt_barray_control: the rows of blocks of one component.
typedef struct {
  size_t row_blocks;
  JDIMENSION rows;
  JBLOCKROW *row;  // of others than those in work and dense ones zeros
  idle_row *idle;
  // The rows in work, and room for them.
  JDIMENSION first;
  JDIMENSION count;
  int written;
  JDIMENSION slots;
  JDIMENSION free_slots;
  JBLOCKROW *free_slot;
  void *slot_memory;
  // Room for all rows, whose pages are there once dense rows are.
  uint8_t *base;
  void *mapping;
  size_t mapped;
} block_array;

struct ic_jpeg_blocks {
  block_array arrays[ARRAYS];
  int count;
  int realized;
  int packs;
  uint8_t *packing;
  size_t packing_bytes;
  int level;
  void (*realize_others)(j_common_ptr);
};

static ic_jpeg_blocks *blocks_of(j_common_ptr common) { return common->client_data; }

static size_t row_bytes(const block_array *array) { return array->row_blocks * sizeof(JBLOCK); }

static jvirt_barray_ptr request(
  j_common_ptr common, int pool, boolean zeroed, JDIMENSION row_blocks, JDIMENSION rows,
  JDIMENSION most_rows) {
  (void)pool, (void)zeroed;
  ic_jpeg_blocks *blocks = blocks_of(common);
  if (blocks->count == ARRAYS) ERREXIT1(common, JERR_OUT_OF_MEMORY, 0);
  block_array *array = &blocks->arrays[blocks->count++];
  array->row_blocks = row_blocks;
  array->rows = rows;
  array->slots = most_rows < rows ? most_rows : rows;
  return (jvirt_barray_ptr)(void *)array;
}

static void *aligned(size_t bytes) { return aligned_alloc(LINE, (bytes + LINE - 1) / LINE * LINE); }

// Room for rows in work, and for packing them.
static int allocate_slots(ic_jpeg_blocks *blocks, block_array *array) {
  array->free_slot = calloc(array->slots, sizeof *array->free_slot);
  array->slot_memory = aligned(array->slots * row_bytes(array));
  if (array->free_slot == NULL || array->slot_memory == NULL) return 0;
  for (JDIMENSION s = 0; s < array->slots; s++)
    array->free_slot[s] =
      (JBLOCKROW)(void *)((uint8_t *)array->slot_memory + s * row_bytes(array));
  array->free_slots = array->slots;

  const size_t packing = ic_blocks_capacity(array->row_blocks);
  if (packing > blocks->packing_bytes) {
    free(blocks->packing);
    blocks->packing = aligned(packing);
    blocks->packing_bytes = packing;
  }
  return blocks->packing != NULL;
}

static JBLOCKROW dense_row(const block_array *array, JDIMENSION r) {
  return (JBLOCKROW)(void *)(array->base + r * row_bytes(array));
}

// New pages of the system are zero, as the library wants them.
static int allocate(ic_jpeg_blocks *blocks, block_array *array) {
  array->row = calloc(array->rows, sizeof *array->row);
  array->idle = calloc(array->rows, sizeof *array->idle);
  if (array->row == NULL || array->idle == NULL) return 0;
  const size_t bytes = row_bytes(array) * array->rows, mapped = bytes + HUGE_PAGE;
  void *mapping =
    mmap(NULL, mapped, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (mapping == MAP_FAILED) return 0;
  array->mapping = mapping;
  array->mapped = mapped;
  array->base =
    (uint8_t *)mapping + (HUGE_PAGE - 1 - ((uintptr_t)mapping + HUGE_PAGE - 1) % HUGE_PAGE);
  // Where the system has no huge pages, small ones do.
  (void)madvise(array->base, bytes, MADV_HUGEPAGE);
  for (JDIMENSION r = 0; r < array->rows; r++) {
    array->idle[r].dense = !blocks->packs;
    array->row[r] = dense_row(array, r);
  }
  return !blocks->packs || allocate_slots(blocks, array);
}

static void realize(j_common_ptr common) {
  ic_jpeg_blocks *blocks = blocks_of(common);
  long *left = &common->mem->max_memory_to_use;
  for (; blocks->realized < blocks->count; blocks->realized++) {
    block_array *array = &blocks->arrays[blocks->realized];
    const size_t bytes = row_bytes(array) * array->rows;
    if (*left > 0) {
      if (bytes >= (size_t)*left) ERREXIT(common, JERR_NO_BACKING_STORE);
      *left -= (long)bytes;
    }
    if (!allocate(blocks, array)) ERREXIT1(common, JERR_OUT_OF_MEMORY, 0);
  }
  blocks->realize_others(common);
}

// Moves a row from its slot to where it stays.
static void make_dense(block_array *array, JDIMENSION r) {
  JBLOCKROW slot = array->row[r];
  array->row[r] = dense_row(array, r);
  memcpy(array->row[r], slot, row_bytes(array));
  free(array->idle[r].packed);
  array->idle[r] = (idle_row){.dense = 1};
  array->free_slot[array->free_slots++] = slot;
}

// Ends the work on a row; without memory it stays as it is and 0 is returned.
static int put_away(ic_jpeg_blocks *blocks, block_array *array, JDIMENSION r) {
  idle_row *idle = &array->idle[r];
  if (idle->dense) return 1;
  JBLOCKROW slot = array->row[r];
  if (array->written) {
    const size_t bytes =
      ic_blocks_pack(slot[0], array->row_blocks, blocks->packing, blocks->level);
    if (bytes > row_bytes(array) / 2) {
      make_dense(array, r);
      return 1;
    }
    const size_t needed = bytes + IC_BLOCKS_TAIL;
    if (needed > idle->capacity) {
      // The next scan adds some.
      const size_t capacity = needed + needed / 4;
      free(idle->packed);
      *idle = (idle_row){.packed = malloc(capacity), .capacity = capacity};
      if (idle->packed == NULL) return 0;
    }
    memcpy(idle->packed, blocks->packing, bytes);
  }
  array->row[r] = dense_row(array, r);
  array->free_slot[array->free_slots++] = slot;
  return 1;
}

static void take_up(ic_jpeg_blocks *blocks, block_array *array, JDIMENSION r) {
  const idle_row *idle = &array->idle[r];
  if (idle->dense) return;
  JBLOCKROW slot = array->free_slot[--array->free_slots];
  if (idle->packed == NULL)
    memset(slot, 0, row_bytes(array));
  else
    ic_blocks_unpack(idle->packed, array->row_blocks, slot[0], blocks->level);
  array->row[r] = slot;
}

static JBLOCKARRAY access_rows(
  j_common_ptr common, jvirt_barray_ptr pointer, JDIMENSION first, JDIMENSION count,
  boolean writable) {
  ic_jpeg_blocks *blocks = blocks_of(common);
  block_array *array = (block_array *)(void *)pointer;
  if (array->row == NULL || count > array->slots || first > array->rows - count)
    ERREXIT(common, JERR_BAD_VIRTUAL_ACCESS);
  if (first != array->first || count != array->count) {
    const JDIMENSION old_first = array->first, old_end = array->first + array->count;
    for (JDIMENSION r = old_first; r < old_end; r++) {
      if (r >= first && r < first + count) continue;
      if (!put_away(blocks, array, r)) ERREXIT1(common, JERR_OUT_OF_MEMORY, 0);
    }
    for (JDIMENSION r = first; r < first + count; r++)
      if (r < old_first || r >= old_end) take_up(blocks, array, r);
    if (first >= old_end || first + count <= old_first) array->written = 0;
    array->first = first;
    array->count = count;
  }
  if (writable) array->written = 1;
  return array->row + first;
}

void ic_jpeg_blocks_unpack_all(j_decompress_ptr codec, ic_jpeg_blocks *blocks) {
  for (int a = 0; a < blocks->count; a++) {
    block_array *array = &blocks->arrays[a];
    for (JDIMENSION r = 0; r < array->rows; r++) {
      access_rows((j_common_ptr)codec, (jvirt_barray_ptr)(void *)array, r, 1, FALSE);
      if (!array->idle[r].dense) make_dense(array, r);
    }
  }
}

ic_jpeg_blocks *ic_jpeg_blocks_install(j_decompress_ptr codec) {
  if (!jpeg_has_multiple_scans(codec)) return NULL;
  size_t bytes = 0;
  for (int c = 0; c < codec->num_components; c++) {
    const jpeg_component_info *component = &codec->comp_info[c];
    bytes += (size_t)component->width_in_blocks * component->height_in_blocks * sizeof(JBLOCK);
  }
  if (bytes < LEAST_BYTES) return NULL;
  ic_jpeg_blocks *blocks = calloc(1, sizeof *blocks);
  if (blocks == NULL) return NULL;
  blocks->packs = bytes >= LEAST_PACKED_BYTES;
  blocks->level = ic_best_level();
  blocks->realize_others = codec->mem->realize_virt_arrays;
  codec->client_data = blocks;
  codec->mem->request_virt_barray = request;
  codec->mem->realize_virt_arrays = realize;
  codec->mem->access_virt_barray = access_rows;
  return blocks;
}

void ic_jpeg_blocks_free(ic_jpeg_blocks *blocks) {
  if (blocks == NULL) return;
  for (int a = 0; a < blocks->count; a++) {
    block_array *array = &blocks->arrays[a];
    if (array->mapping != NULL) munmap(array->mapping, array->mapped);
    if (array->idle != NULL)
      for (JDIMENSION r = 0; r < array->rows; r++) free(array->idle[r].packed);
    free(array->idle);
    free(array->row);
    free(array->free_slot);
    free(array->slot_memory);
  }
  free(blocks->packing);
  free(blocks);
}
