/* transport/seal.c: secrets at rest, sealed by libsodium
 *
 * A box is one byte of format (1), 24 bytes of nonce, and the ciphertext with its tag.  The text is
 * padded to a multiple of 64 bytes first, so that a box tells little of a password's length.
 *
 * The key file is 64 hexadecimal digits and a newline: text, because admins copy it into backups
 * and credential stores.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "transport/seal.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <sodium.h>

#define KEY_SIZE crypto_aead_xchacha20poly1305_ietf_KEYBYTES
#define NONCE_SIZE crypto_aead_xchacha20poly1305_ietf_NPUBBYTES
#define TAG_SIZE crypto_aead_xchacha20poly1305_ietf_ABYTES
#define KEY_TEXT_SIZE (2 * KEY_SIZE)
#define PAD_BLOCK 64
#define FORMAT 1
#define HEAD_SIZE (1 + NONCE_SIZE)

G_DEFINE_QUARK(cw - seal - error - quark, cw_seal_error)

struct CwSeal {
    guint8 *key; /* in guarded, locked memory of libsodium */
};

G_GNUC_PRINTF(2, 3)
static gboolean fail(GError **error, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    g_autofree char *text = g_strdup_vprintf(format, args);
    va_end(args);
    g_set_error_literal(error, CW_SEAL_ERROR, CW_SEAL_ERROR_KEY, text);
    return FALSE;
}

/* ---- the key file ---- */

/* A file of a systemd credential belongs to root and gives our user access by an ACL, whose mask
 * stat() shows as the group's right to read. */
static gboolean is_private(const struct stat *info)
{
    if (info->st_uid == 0 && info->st_gid == 0 && (info->st_mode & 07077) == 0040)
        return TRUE;
    return (info->st_uid == geteuid() || info->st_uid == 0) && (info->st_mode & 07077) == 0;
}

static gboolean parse_key(CwSeal *seal, char *text, gsize length)
{
    gsize size;
    while (length > 0 && (text[length - 1] == '\n' || text[length - 1] == '\r'))
        length--;
    return length == KEY_TEXT_SIZE &&
           sodium_hex2bin(seal->key, KEY_SIZE, text, length, NULL, &size, NULL) == 0 &&
           size == KEY_SIZE;
}

static gboolean read_key(CwSeal *seal, int fd, const char *path, GError **error)
{
    struct stat info;
    if (fstat(fd, &info) < 0)
        return fail(error, "cannot read the key file '%s': %s", path, g_strerror(errno));
    if (!S_ISREG(info.st_mode))
        return fail(error, "the key file '%s' is not a plain file", path);
    if (!is_private(&info))
        return fail(error,
                    "the key file '%s' has mode %04o and owner %u: others can read it; make it our "
                    "own with chmod 0600 (and consider its passwords known)",
                    path, info.st_mode & 07777, (guint)info.st_uid);

    char text[KEY_TEXT_SIZE + 8];
    gssize length = read(fd, text, sizeof text);
    if (length < 0)
        return fail(error, "cannot read the key file '%s': %s", path, g_strerror(errno));
    gboolean fine = parse_key(seal, text, (gsize)length);
    sodium_memzero(text, sizeof text);
    return fine || fail(error, "the key file '%s' does not hold a key (%d hexadecimal digits)",
                        path, (int)KEY_TEXT_SIZE);
}

static gboolean sync_folder_of(const char *path)
{
    g_autofree char *folder = g_path_get_dirname(path);
    int fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    gboolean done = fd >= 0 && fsync(fd) == 0;
    if (fd >= 0)
        close(fd);
    return done;
}

static gboolean write_key(CwSeal *seal, int fd, const char *path, GError **error)
{
    char text[KEY_TEXT_SIZE + 1];
    randombytes_buf(seal->key, KEY_SIZE);
    sodium_bin2hex(text, sizeof text, seal->key, KEY_SIZE);
    text[KEY_TEXT_SIZE] = '\n';
    gboolean done = write(fd, text, sizeof text) == (gssize)sizeof text && fsync(fd) == 0 &&
                    sync_folder_of(path);
    int reason = errno;
    sodium_memzero(text, sizeof text);
    if (done)
        return TRUE;
    unlink(path); /* half a key would be taken for the key at the next start */
    return fail(error, "cannot write the key file '%s': %s", path, g_strerror(reason));
}

static gboolean open_key(CwSeal *seal, const char *path, gboolean create, GError **error)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
    gboolean make = fd < 0 && errno == ENOENT && create;
    if (make)
        fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (fd < 0)
        return fail(error, "cannot %s the key file '%s': %s", make ? "make" : "open", path,
                    g_strerror(errno));
    gboolean done = make ? write_key(seal, fd, path, error) : read_key(seal, fd, path, error);
    close(fd);
    return done;
}

CwSeal *cw_seal_open(const char *path, gboolean create, GError **error)
{
    if (sodium_init() < 0) {
        fail(error, "cannot start libsodium");
        return NULL;
    }
    g_autoptr(CwSeal) seal = g_new0(CwSeal, 1);
    seal->key = sodium_malloc(KEY_SIZE);
    if (!seal->key) {
        fail(error, "no locked memory for the key");
        return NULL;
    }
    if (!open_key(seal, path, create, error))
        return NULL;
    sodium_mprotect_readonly(seal->key);
    return g_steal_pointer(&seal);
}

void cw_seal_free(CwSeal *seal)
{
    if (!seal)
        return;
    sodium_free(seal->key); /* wipes it */
    g_free(seal);
}

/* ---- boxes ---- */

static GBytes *close_bytes(CwSeal *seal, const char *bytes, gsize length, const char *place)
{
    gsize padded = (length / PAD_BLOCK + 1) * PAD_BLOCK;
    gsize size = HEAD_SIZE + padded + TAG_SIZE;
    guint8 *box = g_malloc(size), *text = box + HEAD_SIZE;

    box[0] = FORMAT;
    randombytes_buf(box + 1, NONCE_SIZE);
    /* Encrypted in place: the plain text is nowhere else. */
    memcpy(text, bytes, length);
    sodium_pad(NULL, text, length, PAD_BLOCK, padded);
    crypto_aead_xchacha20poly1305_ietf_encrypt(text, NULL, text, padded, (const guint8 *)place,
                                               strlen(place), NULL, box + 1, seal->key);
    return g_bytes_new_take(box, size);
}

/* The text, NUL-ended; NULL with `error`. */
static char *open_bytes(CwSeal *seal, GBytes *box, const char *place, gsize *length, GError **error)
{
    gsize size;
    const guint8 *bytes = g_bytes_get_data(box, &size);

    if (size >= HEAD_SIZE + PAD_BLOCK + TAG_SIZE && bytes[0] == FORMAT) {
        gsize padded = size - HEAD_SIZE - TAG_SIZE;
        guint8 *text = g_malloc(padded + 1);
        if (crypto_aead_xchacha20poly1305_ietf_decrypt(text, NULL, NULL, bytes + HEAD_SIZE,
                                                       size - HEAD_SIZE, (const guint8 *)place,
                                                       strlen(place), bytes + 1, seal->key) == 0 &&
            sodium_unpad(length, text, padded, PAD_BLOCK) == 0) {
            text[*length] = '\0';
            return (char *)text;
        }
        sodium_memzero(text, padded);
        g_free(text);
    }
    g_set_error(error, CW_SEAL_ERROR, CW_SEAL_ERROR_BOX,
                "what is sealed does not open: made with another key, or damaged");
    return NULL;
}

GBytes *cw_seal_close_box(CwSeal *seal, const CwSecret *secret, const char *place)
{
    return close_bytes(seal, cw_secret_peek(secret), cw_secret_length(secret), place);
}

CwSecret *cw_seal_open_box(CwSeal *seal, GBytes *box, const char *place, GError **error)
{
    gsize length;
    char *text = open_bytes(seal, box, place, &length, error);
    if (!text)
        return NULL;
    CwSecret *secret = cw_secret_new_bytes(text, length);
    sodium_memzero(text, length);
    g_free(text);
    return secret;
}

GBytes *cw_seal_close_text(CwSeal *seal, const char *text, const char *place)
{
    return close_bytes(seal, text, strlen(text), place);
}

char *cw_seal_open_text(CwSeal *seal, GBytes *box, const char *place, GError **error)
{
    gsize length;
    return open_bytes(seal, box, place, &length, error);
}
