#include "tests/unit/store/faulty_disk.h"

#include <sqlite3.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>

#include "tests/lib/case.h"

/* One open file; the real one's lies behind it. */
struct faulty_file {
	sqlite3_file base;
	sqlite3_file *real;
	bool is_log;
};

static sqlite3_vfs disk;
static sqlite3_vfs *real_disk;
static atomic_bool dirty;
static atomic_uint syncs;
static atomic_int fault_kind, fault_times;

static sqlite3_file *real(sqlite3_file *file)
{
	return ((struct faulty_file *)file)->real;
}

static bool strikes(const sqlite3_file *file, enum disk_fault fault)
{
	if (!((const struct faulty_file *)file)->is_log || fault_kind != (int)fault ||
	    fault_times == 0)
		return false;
	if (fault_times > 0)
		fault_times--;
	return true;
}

static int on_close(sqlite3_file *file)
{
	return real(file)->pMethods->xClose(real(file));
}

static int on_read(sqlite3_file *file, void *bytes, int size, sqlite3_int64 at)
{
	return real(file)->pMethods->xRead(real(file), bytes, size, at);
}

static int on_write(sqlite3_file *file, const void *bytes, int size, sqlite3_int64 at)
{
	if (strikes(file, DISK_FULL))
		return SQLITE_FULL;
	if (strikes(file, DISK_WRITE_FAILS))
		return SQLITE_IOERR_WRITE;
	if (((struct faulty_file *)file)->is_log)
		dirty = true;
	return real(file)->pMethods->xWrite(real(file), bytes, size, at);
}

static int on_truncate(sqlite3_file *file, sqlite3_int64 size)
{
	return real(file)->pMethods->xTruncate(real(file), size);
}

static int on_sync(sqlite3_file *file, int flags)
{
	if (strikes(file, DISK_SYNC_FAILS))
		return SQLITE_IOERR_FSYNC;
	int rc = real(file)->pMethods->xSync(real(file), flags);
	if (((struct faulty_file *)file)->is_log && rc == SQLITE_OK) {
		dirty = false;
		syncs++;
	}
	return rc;
}

static int on_size(sqlite3_file *file, sqlite3_int64 *size)
{
	return real(file)->pMethods->xFileSize(real(file), size);
}

static int on_lock(sqlite3_file *file, int level)
{
	return real(file)->pMethods->xLock(real(file), level);
}

static int on_unlock(sqlite3_file *file, int level)
{
	return real(file)->pMethods->xUnlock(real(file), level);
}

static int on_check_lock(sqlite3_file *file, int *answer)
{
	return real(file)->pMethods->xCheckReservedLock(real(file), answer);
}

static int on_control(sqlite3_file *file, int what, void *argument)
{
	return real(file)->pMethods->xFileControl(real(file), what, argument);
}

static int on_sector(sqlite3_file *file)
{
	return real(file)->pMethods->xSectorSize(real(file));
}

static int on_traits(sqlite3_file *file)
{
	return real(file)->pMethods->xDeviceCharacteristics(real(file));
}

static int on_map(sqlite3_file *file, int page, int size, int extend,
		  void volatile **memory)
{
	return real(file)->pMethods->xShmMap(real(file), page, size, extend, memory);
}

static int on_map_lock(sqlite3_file *file, int offset, int n, int flags)
{
	return real(file)->pMethods->xShmLock(real(file), offset, n, flags);
}

static void on_map_barrier(sqlite3_file *file)
{
	real(file)->pMethods->xShmBarrier(real(file));
}

static int on_unmap(sqlite3_file *file, int forget)
{
	return real(file)->pMethods->xShmUnmap(real(file), forget);
}

static const sqlite3_io_methods methods = {
	.iVersion = 2,
	.xClose = on_close,
	.xRead = on_read,
	.xWrite = on_write,
	.xTruncate = on_truncate,
	.xSync = on_sync,
	.xFileSize = on_size,
	.xLock = on_lock,
	.xUnlock = on_unlock,
	.xCheckReservedLock = on_check_lock,
	.xFileControl = on_control,
	.xSectorSize = on_sector,
	.xDeviceCharacteristics = on_traits,
	.xShmMap = on_map,
	.xShmLock = on_map_lock,
	.xShmBarrier = on_map_barrier,
	.xShmUnmap = on_unmap,
};

static int on_open(sqlite3_vfs *vfs, const char *name, sqlite3_file *file, int flags,
		   int *out_flags)
{
	struct faulty_file *faulty = (struct faulty_file *)file;

	(void)vfs;
	faulty->real = (sqlite3_file *)(faulty + 1);
	faulty->is_log = (flags & SQLITE_OPEN_WAL) != 0;
	int rc = real_disk->xOpen(real_disk, name, faulty->real, flags, out_flags);
	file->pMethods = faulty->real->pMethods != NULL ? &methods : NULL;
	return rc;
}

void faulty_disk_install(void)
{
	real_disk = sqlite3_vfs_find(NULL);
	assert_non_null(real_disk);
	disk = *real_disk; /* whose other functions need no file of ours */
	disk.pNext = NULL;
	disk.zName = "faulty";
	disk.szOsFile = (int)sizeof(struct faulty_file) + real_disk->szOsFile;
	disk.xOpen = on_open;
	assert_int_equal(sqlite3_vfs_register(&disk, 1), SQLITE_OK);
}

void faulty_disk_set(enum disk_fault fault, int times)
{
	fault_times = 0;
	fault_kind = (int)fault;
	fault_times = times;
}

bool faulty_disk_log_is_synced(void)
{
	return !dirty;
}

unsigned faulty_disk_syncs(void)
{
	return syncs;
}
