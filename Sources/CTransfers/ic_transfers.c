#define _GNU_SOURCE
#define CURL_DISABLE_TYPECHECK
#include "ic_transfers.h"

#include <curl/curl.h>
#include <dlfcn.h>
#include <netinet/in.h>
#include <pthread.h>
#include <string.h>
#include <sys/socket.h>

// libcurl is loaded when a URL is first used: with the libraries that it needs it takes longer to
// load than a whole inference.
static struct {
  CURLcode (*global_init)(long);
  CURL *(*init)(void);
  void (*cleanup)(CURL *);
  void (*reset)(CURL *);
  CURLcode (*setopt)(CURL *, CURLoption, ...);
  CURLcode (*perform)(CURL *);
  CURLcode (*getinfo)(CURL *, CURLINFO, ...);
  const char *(*strerror)(CURLcode);
  struct curl_slist *(*append)(struct curl_slist *, const char *);
  void (*free_all)(struct curl_slist *);
} curl;

static pthread_mutex_t loading = PTHREAD_MUTEX_INITIALIZER;

static int load(const char *name) {
  void *library = dlopen(name, RTLD_LAZY | RTLD_LOCAL);
  if (library == NULL) return 0;
  struct {
    const char *name;
    void **place;
  } symbols[] = {
      {"curl_easy_init", (void **)&curl.init},
      {"curl_easy_cleanup", (void **)&curl.cleanup},
      {"curl_easy_reset", (void **)&curl.reset},
      {"curl_easy_setopt", (void **)&curl.setopt},
      {"curl_easy_perform", (void **)&curl.perform},
      {"curl_easy_getinfo", (void **)&curl.getinfo},
      {"curl_easy_strerror", (void **)&curl.strerror},
      {"curl_slist_append", (void **)&curl.append},
      {"curl_slist_free_all", (void **)&curl.free_all},
      {"curl_global_init", (void **)&curl.global_init},
  };
  for (size_t i = 0; i < sizeof symbols / sizeof symbols[0]; i++) {
    *symbols[i].place = dlsym(library, symbols[i].name);
    if (*symbols[i].place == NULL) return 0;
  }
  return curl.global_init(CURL_GLOBAL_DEFAULT) == CURLE_OK;
}

int ic_transfers_load(const char *name) {
  pthread_mutex_lock(&loading);
  int loaded = load(name);
  pthread_mutex_unlock(&loading);
  return loaded;
}

void *ic_transfers_open(void) { return curl.init(); }

void ic_transfers_close(void *handle) { curl.cleanup(handle); }

// What the callbacks of one exchange share.
struct exchange {
  struct ic_transfer *transfer;
  int64_t received;
  int is_denied;
  int is_too_large;
};

static curl_socket_t open_socket(
    void *context, curlsocktype purpose, struct curl_sockaddr *address) {
  struct exchange *exchange = context;
  struct ic_transfer *transfer = exchange->transfer;
  (void)purpose;
  int is_permitted = 0;
  if (address->family == AF_INET && address->addrlen >= sizeof(struct sockaddr_in)) {
    struct sockaddr_in internet;
    memcpy(&internet, &address->addr, sizeof internet);
    is_permitted =
        transfer->permits(transfer->context, (const uint8_t *)&internet.sin_addr, 4);
  } else if (address->family == AF_INET6 && address->addrlen >= sizeof(struct sockaddr_in6)) {
    struct sockaddr_in6 internet;
    memcpy(&internet, &address->addr, sizeof internet);
    is_permitted =
        transfer->permits(transfer->context, (const uint8_t *)&internet.sin6_addr, 16);
  }
  if (!is_permitted) {
    exchange->is_denied = 1;
    return CURL_SOCKET_BAD;
  }
  return socket(address->family, address->socktype | SOCK_CLOEXEC, address->protocol);
}

static size_t receive_header(char *bytes, size_t size, size_t count, void *context) {
  struct exchange *exchange = context;
  exchange->transfer->header(
      exchange->transfer->context, (const uint8_t *)bytes, size * count);
  return size * count;
}

static size_t receive_body(char *bytes, size_t size, size_t count, void *context) {
  struct exchange *exchange = context;
  size_t length = size * count;
  exchange->received += (int64_t)length;
  if (exchange->received > exchange->transfer->limit) {
    exchange->is_too_large = 1;
    return 0;
  }
  exchange->transfer->receive(exchange->transfer->context, (const uint8_t *)bytes, length);
  return length;
}

static int tick(
    void *context, curl_off_t total, curl_off_t now, curl_off_t upload_total, curl_off_t upload) {
  struct exchange *exchange = context;
  (void)total, (void)now, (void)upload_total, (void)upload;
  return exchange->transfer->is_cancelled(exchange->transfer->context);
}

static enum ic_transfer_end end_of(CURLcode code, const struct exchange *exchange) {
  if (exchange->is_too_large) return IC_TRANSFER_TOO_LARGE;
  switch (code) {
    case CURLE_OK: return IC_TRANSFER_COMPLETE;
    case CURLE_COULDNT_RESOLVE_HOST:
    case CURLE_COULDNT_RESOLVE_PROXY:
    case CURLE_COULDNT_CONNECT:
      return exchange->is_denied ? IC_TRANSFER_ADDRESS_DENIED : IC_TRANSFER_UNREACHABLE;
    case CURLE_SSL_CONNECT_ERROR:
    case CURLE_PEER_FAILED_VERIFICATION:
    case CURLE_SSL_CERTPROBLEM:
    case CURLE_SSL_CIPHER:
    case CURLE_SSL_CACERT_BADFILE:
    case CURLE_SSL_ISSUER_ERROR:
      return IC_TRANSFER_INSECURE;
    case CURLE_OPERATION_TIMEDOUT: return IC_TRANSFER_TIMED_OUT;
    case CURLE_FILESIZE_EXCEEDED: return IC_TRANSFER_TOO_LARGE;
    case CURLE_ABORTED_BY_CALLBACK: return IC_TRANSFER_CANCELLED;
    case CURLE_OUT_OF_MEMORY: return IC_TRANSFER_NO_MEMORY;
    case CURLE_URL_MALFORMAT:
    case CURLE_BAD_FUNCTION_ARGUMENT:
    case CURLE_UNKNOWN_OPTION:
    case CURLE_FAILED_INIT:
    case CURLE_NOT_BUILT_IN:
      return IC_TRANSFER_MISUSED;
    default: return IC_TRANSFER_BROKEN;
  }
}

// Appends to a list; returns 0 without memory, and then frees the list.
static int append(struct curl_slist **list, const char *text) {
  struct curl_slist *longer = curl.append(*list, text);
  if (longer == NULL) {
    curl.free_all(*list);
    *list = NULL;
    return 0;
  }
  *list = longer;
  return 1;
}

#define SET(option, value) \
  do { \
    CURLcode code = curl.setopt(handle, (option), (value)); \
    if (code != CURLE_OK) return code; \
  } while (0)

static CURLcode restrict_protocols(CURL *handle) {
#if LIBCURL_VERSION_NUM >= 0x075500
  SET(CURLOPT_PROTOCOLS_STR, "http,https");
#else
  SET(CURLOPT_PROTOCOLS, (long)(CURLPROTO_HTTP | CURLPROTO_HTTPS));
#endif
  return CURLE_OK;
}

static CURLcode prepare(
    CURL *handle, struct exchange *exchange, struct curl_slist *headers,
    struct curl_slist *addresses) {
  struct ic_transfer *transfer = exchange->transfer;
  CURLcode code = restrict_protocols(handle);
  if (code != CURLE_OK) return code;
  SET(CURLOPT_URL, transfer->url);
  SET(CURLOPT_PATH_AS_IS, 1L);
  SET(CURLOPT_FOLLOWLOCATION, 0L);
  SET(CURLOPT_PROXY, "");
  SET(CURLOPT_NOPROXY, "*");
  SET(CURLOPT_NETRC, (long)CURL_NETRC_IGNORED);
  SET(CURLOPT_NOSIGNAL, 1L);
  SET(CURLOPT_SSLVERSION, (long)CURL_SSLVERSION_TLSv1_2);
  SET(CURLOPT_SSL_VERIFYPEER, 1L);
  SET(CURLOPT_SSL_VERIFYHOST, 2L);
  if (transfer->authorities != NULL) SET(CURLOPT_CAINFO, transfer->authorities);
  SET(CURLOPT_CONNECTTIMEOUT_MS, transfer->connect_milliseconds);
  SET(CURLOPT_TIMEOUT_MS, transfer->total_milliseconds);
  SET(CURLOPT_LOW_SPEED_LIMIT, 1L);
  SET(CURLOPT_LOW_SPEED_TIME, transfer->stall_seconds);
  SET(CURLOPT_MAXFILESIZE_LARGE, (curl_off_t)transfer->limit);
  SET(CURLOPT_HTTPHEADER, headers);
  if (addresses != NULL) SET(CURLOPT_RESOLVE, addresses);
  if (transfer->body != NULL) {
    SET(CURLOPT_POST, 1L);
    SET(CURLOPT_POSTFIELDS, (const char *)transfer->body);
    SET(CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)transfer->body_count);
  }
  SET(CURLOPT_OPENSOCKETFUNCTION, open_socket);
  SET(CURLOPT_OPENSOCKETDATA, exchange);
  SET(CURLOPT_HEADERFUNCTION, receive_header);
  SET(CURLOPT_HEADERDATA, exchange);
  SET(CURLOPT_WRITEFUNCTION, receive_body);
  SET(CURLOPT_WRITEDATA, exchange);
  SET(CURLOPT_NOPROGRESS, 0L);
  SET(CURLOPT_XFERINFOFUNCTION, tick);
  SET(CURLOPT_XFERINFODATA, exchange);
  return CURLE_OK;
}

void ic_transfers_perform(void *handle, struct ic_transfer *transfer) {
  struct exchange exchange = {.transfer = transfer};
  struct curl_slist *headers = NULL;
  struct curl_slist *addresses = NULL;
  transfer->end = IC_TRANSFER_NO_MEMORY;
  transfer->status = 0;
  transfer->reason = "out of memory";
  for (size_t i = 0; i < transfer->header_count; i++) {
    if (!append(&headers, transfer->headers[i])) return;
  }
  if (transfer->addresses != NULL && !append(&addresses, transfer->addresses)) {
    curl.free_all(headers);
    return;
  }
  curl.reset(handle);
  CURLcode code = prepare(handle, &exchange, headers, addresses);
  if (code == CURLE_OK) code = curl.perform(handle);
  curl.getinfo(handle, CURLINFO_RESPONSE_CODE, &transfer->status);
  transfer->end = end_of(code, &exchange);
  transfer->reason = curl.strerror(code);
  // The callbacks point to this frame.
  curl.reset(handle);
  curl.free_all(headers);
  curl.free_all(addresses);
}
