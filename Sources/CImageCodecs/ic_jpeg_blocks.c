#include "ic_jpeg_blocks.h"

#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>

#include <jerror.h>

enum { HUGE_PAGE = 2 << 20, LEAST_BYTES = HUGE_PAGE, ARRAYS = MAX_COMPONENTS };

// What the library knows as a jvirt_barray_control: the rows of blocks of one component.
typedef struct {
  size_t row_blocks;
  JDIMENSION rows;
  JBLOCKROW *row;
  void *mapping;
  size_t mapped;
} block_array;

struct ic_jpeg_blocks {
  block_array arrays[ARRAYS];
  int count;
  int realized;
  void (*realize_others)(j_common_ptr);
};

static ic_jpeg_blocks *blocks_of(j_common_ptr common) { return common->client_data; }

static size_t bytes_of(const block_array *array) {
  return array->row_blocks * sizeof(JBLOCK) * array->rows;
}

static jvirt_barray_ptr request(
  j_common_ptr common, int pool, boolean zeroed, JDIMENSION row_blocks, JDIMENSION rows,
  JDIMENSION most_rows) {
  (void)pool, (void)zeroed, (void)most_rows;
  ic_jpeg_blocks *blocks = blocks_of(common);
  if (blocks->count == ARRAYS) ERREXIT1(common, JERR_OUT_OF_MEMORY, 0);
  block_array *array = &blocks->arrays[blocks->count++];
  array->row_blocks = row_blocks;
  array->rows = rows;
  return (jvirt_barray_ptr)(void *)array;
}

// New pages of the system are zero, as the library wants them.
static int allocate(block_array *array) {
  array->row = calloc(array->rows, sizeof *array->row);
  if (array->row == NULL) return 0;
  const size_t bytes = bytes_of(array), mapped = bytes + HUGE_PAGE;
  void *mapping =
    mmap(NULL, mapped, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (mapping == MAP_FAILED) return 0;
  array->mapping = mapping;
  array->mapped = mapped;
  uint8_t *base =
    (uint8_t *)mapping + (HUGE_PAGE - 1 - ((uintptr_t)mapping + HUGE_PAGE - 1) % HUGE_PAGE);
  // Where the system has no huge pages, small ones do.
  (void)madvise(base, bytes, MADV_HUGEPAGE);
  for (JDIMENSION r = 0; r < array->rows; r++)
    array->row[r] = (JBLOCKROW)(void *)(base + r * array->row_blocks * sizeof(JBLOCK));
  return 1;
}

static void realize(j_common_ptr common) {
  ic_jpeg_blocks *blocks = blocks_of(common);
  long *left = &common->mem->max_memory_to_use;
  for (; blocks->realized < blocks->count; blocks->realized++) {
    block_array *array = &blocks->arrays[blocks->realized];
    const size_t bytes = bytes_of(array);
    if (*left > 0) {
      if (bytes >= (size_t)*left) ERREXIT(common, JERR_NO_BACKING_STORE);
      *left -= (long)bytes;
    }
    if (!allocate(array)) ERREXIT1(common, JERR_OUT_OF_MEMORY, 0);
  }
  blocks->realize_others(common);
}

static JBLOCKARRAY access_rows(
  j_common_ptr common, jvirt_barray_ptr pointer, JDIMENSION first, JDIMENSION count,
  boolean writable) {
  (void)writable;
  block_array *array = (block_array *)(void *)pointer;
  if (array->row == NULL || count > array->rows || first > array->rows - count)
    ERREXIT(common, JERR_BAD_VIRTUAL_ACCESS);
  return array->row + first;
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
    if (blocks->arrays[a].mapping != NULL) munmap(blocks->arrays[a].mapping, blocks->arrays[a].mapped);
    free(blocks->arrays[a].row);
  }
  free(blocks);
}
