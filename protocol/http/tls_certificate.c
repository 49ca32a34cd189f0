#include "protocol/http/tls_certificate.h"

#include <arpa/inet.h>
#include <openssl/ec.h>
#include <openssl/err.h>
#include <openssl/rand.h>
#include <openssl/x509v3.h>
#include <stdio.h>
#include <string.h>

#include "engine/problem.h"
#include "protocol/http/tls_context.h"

enum {
	BACKDATE_S = 5 * 60, /* clocks of machines without a network differ */
	DAY = 24 * 60 * 60,
	COMMON_NAME_MOST = 64, /* ub-common-name, RFC 5280 */
	SERIAL_BYTES = 16,
};

static void tell(struct problem *p, const char *what)
{
	char why[120];
	problem_set(p, PROBLEM_EXTERNAL, "%s: OpenSSL says %s", what,
		    tls_error(why, sizeof why));
}

EVP_PKEY *certificate_key_new(struct problem *p)
{
	EVP_PKEY *key = EVP_EC_gen("P-256");
	if (key == NULL)
		tell(p, "making an EC P-256 key");
	return key;
}

static bool add_extension(X509 *certificate, X509 *issuer, int nid, const char *value)
{
	X509V3_CTX context;

	X509V3_set_ctx_nodb(&context);
	X509V3_set_ctx(&context, issuer, certificate, NULL, NULL, 0);
	X509_EXTENSION *extension = X509V3_EXT_conf_nid(NULL, &context, nid, value);
	bool ok = extension != NULL && X509_add_ext(certificate, extension, -1) == 1;
	X509_EXTENSION_free(extension);
	return ok;
}

static bool set_serial(X509 *certificate)
{
	unsigned char bytes[SERIAL_BYTES];

	if (RAND_bytes(bytes, sizeof bytes) != 1)
		return false;
	bytes[0] = (unsigned char)((bytes[0] & 0x3f) | 0x40); /* positive, full length */
	BIGNUM *number = BN_bin2bn(bytes, sizeof bytes, NULL);
	bool ok = number != NULL &&
		  BN_to_ASN1_INTEGER(number, X509_get_serialNumber(certificate)) != NULL;
	BN_free(number);
	return ok;
}

static bool set_subject(X509 *certificate, const char *common_name)
{
	X509_NAME *name = X509_get_subject_name(certificate);
	return X509_NAME_add_entry_by_txt(name, "O", MBSTRING_UTF8,
					  (const unsigned char *)"Patchyard", -1, -1,
					  0) == 1 &&
	       X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_UTF8,
					  (const unsigned char *)common_name, -1, -1,
					  0) == 1;
}

static bool set_life(X509 *certificate, int64_t now_s, int days)
{
	return ASN1_TIME_set(X509_getm_notBefore(certificate),
			     (time_t)(now_s - BACKDATE_S)) != NULL &&
	       ASN1_TIME_set(X509_getm_notAfter(certificate),
			     (time_t)(now_s + (int64_t)days * DAY)) != NULL;
}

X509 *certificate_ca_new(EVP_PKEY *key, const char *host, int64_t now_s,
			 struct problem *p)
{
	char name[COMMON_NAME_MOST + 1];
	int wanted = snprintf(name, sizeof name, "Patchyard lab CA on %s", host);
	X509 *ca = X509_new();

	if (wanted > 0 && ca != NULL && X509_set_version(ca, X509_VERSION_3) == 1 &&
	    set_serial(ca) && set_life(ca, now_s, CA_DAYS) && set_subject(ca, name) &&
	    X509_set_issuer_name(ca, X509_get_subject_name(ca)) == 1 &&
	    X509_set_pubkey(ca, key) == 1 &&
	    add_extension(ca, ca, NID_basic_constraints, "critical,CA:TRUE,pathlen:0") &&
	    add_extension(ca, ca, NID_key_usage, "critical,keyCertSign,cRLSign") &&
	    add_extension(ca, ca, NID_subject_key_identifier, "hash") &&
	    X509_sign(ca, key, EVP_sha256()) != 0)
		return ca;
	tell(p, "making the lab CA's certificate");
	X509_free(ca);
	return NULL;
}

static GENERAL_NAME *general_name(const char *text)
{
	ASN1_OCTET_STRING *address = a2i_IPADDRESS(text);
	if (address != NULL) {
		GENERAL_NAME *name = GENERAL_NAME_new();
		if (name != NULL)
			GENERAL_NAME_set0_value(name, GEN_IPADD, address);
		else
			ASN1_OCTET_STRING_free(address);
		return name;
	}
	GENERAL_NAME *name = GENERAL_NAME_new();
	ASN1_IA5STRING *host = ASN1_IA5STRING_new();
	if (name == NULL || host == NULL || ASN1_STRING_set(host, text, -1) != 1) {
		GENERAL_NAME_free(name);
		ASN1_IA5STRING_free(host);
		return NULL;
	}
	GENERAL_NAME_set0_value(name, GEN_DNS, host);
	return name;
}

/* Built without the text syntax of OpenSSL's configuration files, in which a comma in a
 * name would start another name. */
static bool add_names(X509 *certificate, const struct certificate_names *names)
{
	GENERAL_NAMES *all = sk_GENERAL_NAME_new_null();
	bool ok = all != NULL;

	for (size_t i = 0; ok && i < names->count; i++) {
		GENERAL_NAME *one = general_name(names->names[i]);
		ok = one != NULL && sk_GENERAL_NAME_push(all, one) > 0;
		if (!ok)
			GENERAL_NAME_free(one);
	}
	ok = ok && X509_add1_ext_i2d(certificate, NID_subject_alt_name, all, 0,
				     X509V3_ADD_DEFAULT) == 1;
	sk_GENERAL_NAME_pop_free(all, GENERAL_NAME_free);
	return ok;
}

X509 *certificate_server_new(EVP_PKEY *key, const struct certificate_issuer *issuer,
			     const struct certificate_names *names, int64_t now_s,
			     struct problem *p)
{
	X509 *leaf = X509_new();
	X509 *ca = issuer->certificate;

	if (leaf != NULL && X509_set_version(leaf, X509_VERSION_3) == 1 &&
	    set_serial(leaf) && set_life(leaf, now_s, SERVER_DAYS) &&
	    set_subject(leaf, "Patchyard server") &&
	    X509_set_issuer_name(leaf, X509_get_subject_name(ca)) == 1 &&
	    X509_set_pubkey(leaf, key) == 1 &&
	    add_extension(leaf, ca, NID_basic_constraints, "critical,CA:FALSE") &&
	    add_extension(leaf, ca, NID_key_usage, "critical,digitalSignature") &&
	    add_extension(leaf, ca, NID_ext_key_usage, "serverAuth") &&
	    add_extension(leaf, ca, NID_subject_key_identifier, "hash") &&
	    add_extension(leaf, ca, NID_authority_key_identifier, "keyid:always") &&
	    add_names(leaf, names) && X509_sign(leaf, issuer->key, EVP_sha256()) != 0)
		return leaf;
	tell(p, "making the server certificate");
	X509_free(leaf);
	return NULL;
}

static bool is_address(const char *name)
{
	unsigned char bytes[16];
	return inet_pton(AF_INET, name, bytes) == 1 ||
	       inet_pton(AF_INET6, name, bytes) == 1;
}

bool certificate_covers(X509 *certificate, const struct certificate_names *names)
{
	for (size_t i = 0; i < names->count; i++) {
		const char *name = names->names[i];
		int found = is_address(name)
				    ? X509_check_ip_asc(certificate, name, 0)
				    : X509_check_host(certificate, name, 0,
						      X509_CHECK_FLAG_NO_WILDCARDS, NULL);
		if (found != 1)
			return false;
	}
	return true;
}

bool certificate_name_is_legal(const char *name)
{
	static const char marks[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
				    "0123456789-._";
	size_t size = strlen(name);
	return is_address(name) ||
	       (size > 0 && size < 254 && strspn(name, marks) == size && name[0] != '.');
}
