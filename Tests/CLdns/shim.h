// libldns (NLnet Labs) behind three functions on plain octets, so that the tests need not handle its pointers.
#ifndef C_LDNS_SHIM_H
#define C_LDNS_SHIM_H

#include <ldns/ldns.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

/// Octets that are written one after the other; `count` goes on past `capacity`, but nothing is written there.
struct judge_output {
  uint8_t *octets;
  size_t capacity;
  size_t count;
};

static inline void judge_put(struct judge_output *out, const uint8_t *octets, size_t count) {
  if (out->count + count <= out->capacity) memcpy(out->octets + out->count, octets, count);
  out->count += count;
}

static inline void judge_put16(struct judge_output *out, unsigned value) {
  uint8_t octets[2] = {(uint8_t)(value >> 8), (uint8_t)value};
  judge_put(out, octets, 2);
}

static inline void judge_put_sized(struct judge_output *out, const uint8_t *octets, size_t count) {
  judge_put16(out, (unsigned)count);
  judge_put(out, octets, count);
}

/// Writes each record: its owner with its length before it, type, class, TTL, and its data likewise; a question has zeros.
static inline ldns_status judge_put_records(struct judge_output *out, const ldns_rr_list *records) {
  judge_put16(out, (unsigned)ldns_rr_list_rr_count(records));
  for (size_t index = 0; index < ldns_rr_list_rr_count(records); index++) {
    const ldns_rr *record = ldns_rr_list_rr(records, index);
    const ldns_rdf *owner = ldns_rr_owner(record);
    judge_put_sized(out, ldns_rdf_data(owner), ldns_rdf_size(owner));
    judge_put16(out, ldns_rr_get_type(record));
    judge_put16(out, ldns_rr_get_class(record));
    if (ldns_rr_is_question(record)) {
      for (int zero = 0; zero < 3; zero++) judge_put16(out, 0);
      continue;
    }
    judge_put16(out, ldns_rr_ttl(record) >> 16);
    judge_put16(out, ldns_rr_ttl(record) & 0xffff);
    ldns_buffer *buffer = ldns_buffer_new(LDNS_MAX_PACKETLEN);
    if (buffer == NULL) return LDNS_STATUS_MEM_ERR;
    ldns_status status = ldns_rr_rdata2buffer_wire(buffer, record);
    judge_put_sized(out, ldns_buffer_begin(buffer), ldns_buffer_position(buffer));
    ldns_buffer_free(buffer);
    if (status != LDNS_STATUS_OK) return status;
  }
  return LDNS_STATUS_OK;
}

/// Reads a message with libldns and writes out what it holds: id, flags, the questions and three sections as
/// `judge_put_records` does, then 0 or 1 for EDNS, and of that payload size, extended code, version, DO and options.
///
/// Returns how many octets were written; when libldns refuses the message, its status as a negative number.
static inline long judge_read(const uint8_t *message, size_t count, uint8_t *octets, size_t capacity) {
  struct judge_output out = {octets, capacity, 0};
  ldns_pkt *packet = NULL;
  ldns_status status = ldns_wire2pkt(&packet, message, count);
  if (status != LDNS_STATUS_OK) {
    if (packet != NULL) ldns_pkt_free(packet);
    return -(long)status;
  }
  judge_put16(&out, ldns_pkt_id(packet));
  judge_put16(
      &out, (unsigned)ldns_pkt_qr(packet) << 15 | (unsigned)ldns_pkt_get_opcode(packet) << 11
          | (unsigned)ldns_pkt_aa(packet) << 10 | (unsigned)ldns_pkt_tc(packet) << 9 | (unsigned)ldns_pkt_rd(packet) << 8
          | (unsigned)ldns_pkt_ra(packet) << 7 | (unsigned)ldns_pkt_ad(packet) << 5 | (unsigned)ldns_pkt_cd(packet) << 4
          | (unsigned)ldns_pkt_get_rcode(packet));
  status = judge_put_records(&out, ldns_pkt_question(packet));
  if (status == LDNS_STATUS_OK) status = judge_put_records(&out, ldns_pkt_answer(packet));
  if (status == LDNS_STATUS_OK) status = judge_put_records(&out, ldns_pkt_authority(packet));
  if (status == LDNS_STATUS_OK) status = judge_put_records(&out, ldns_pkt_additional(packet));
  judge_put16(&out, ldns_pkt_edns(packet) ? 1 : 0);
  if (ldns_pkt_edns(packet)) {
    judge_put16(&out, ldns_pkt_edns_udp_size(packet));
    judge_put16(&out, ldns_pkt_edns_extended_rcode(packet));
    judge_put16(&out, ldns_pkt_edns_version(packet));
    judge_put16(&out, ldns_pkt_edns_do(packet) ? 1 : 0);
    const ldns_rdf *options = ldns_pkt_edns_data(packet);
    if (options == NULL) judge_put16(&out, 0);
    else judge_put_sized(&out, ldns_rdf_data(options), ldns_rdf_size(options));
  }
  ldns_pkt_free(packet);
  if (status != LDNS_STATUS_OK) return -(long)status;
  return out.count <= capacity ? (long)out.count : -(long)LDNS_STATUS_PACKET_OVERFLOW;
}

/// Reads a message with libldns and writes it again, names compressed as libldns does.
static inline long judge_rewrite(const uint8_t *message, size_t count, uint8_t *octets, size_t capacity) {
  ldns_pkt *packet = NULL;
  ldns_status status = ldns_wire2pkt(&packet, message, count);
  if (status != LDNS_STATUS_OK) return -(long)status;
  uint8_t *written = NULL;
  size_t size = 0;
  status = ldns_pkt2wire(&written, packet, &size);
  ldns_pkt_free(packet);
  long result = status == LDNS_STATUS_OK && size <= capacity ? (long)size : -(long)status;
  if (result > 0) memcpy(octets, written, size);
  free(written);
  return result;
}

/// Builds a response with libldns from lines of zone text; a line that starts with `?` is the question, with `!` an
/// authority record, with `+` an additional one. With `edns` above 0, an OPT of that payload size and these options.
static inline long judge_build(
    const char *text, unsigned edns, const uint8_t *options, size_t option_count, uint8_t *octets, size_t capacity) {
  ldns_pkt *packet = ldns_pkt_new();
  ldns_pkt_set_qr(packet, true);
  ldns_pkt_set_id(packet, 0x4a4a);
  char *lines = strdup(text);
  ldns_status status = LDNS_STATUS_OK;
  char *rest = NULL;
  for (char *line = strtok_r(lines, "\n", &rest); line != NULL && status == LDNS_STATUS_OK;
       line = strtok_r(NULL, "\n", &rest)) {
    ldns_pkt_section section = LDNS_SECTION_ANSWER;
    if (*line == '?') section = LDNS_SECTION_QUESTION;
    if (*line == '!') section = LDNS_SECTION_AUTHORITY;
    if (*line == '+') section = LDNS_SECTION_ADDITIONAL;
    ldns_rr *record = NULL;
    const char *start = section == LDNS_SECTION_ANSWER ? line : line + 1;
    status = section == LDNS_SECTION_QUESTION ? ldns_rr_new_question_frm_str(&record, start, NULL, NULL)
                                              : ldns_rr_new_frm_str(&record, start, 300, NULL, NULL);
    if (status == LDNS_STATUS_OK) ldns_pkt_push_rr(packet, section, record);
  }
  free(lines);
  if (edns > 0) ldns_pkt_set_edns_udp_size(packet, (uint16_t)edns);
  if (edns > 0 && option_count > 0) {
    ldns_pkt_set_edns_data(packet, ldns_rdf_new_frm_data(LDNS_RDF_TYPE_NONE, option_count, options));
  }
  uint8_t *written = NULL;
  size_t size = 0;
  if (status == LDNS_STATUS_OK) status = ldns_pkt2wire(&written, packet, &size);
  ldns_pkt_free(packet);
  long result = status == LDNS_STATUS_OK && size <= capacity ? (long)size : -(long)status;
  if (result > 0) memcpy(octets, written, size);
  free(written);
  return result;
}

/// What libldns calls a status that `judge_read` gave, its sign removed.
static inline const char *judge_status_text(long status) { return ldns_get_errorstr_by_id((ldns_status)status); }

#endif
