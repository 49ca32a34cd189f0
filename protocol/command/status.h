/* How the command ends: its exit status says what happened to whoever called it.
 *
 * The same few numbers for every command, so that a script needs to learn them once. */

#ifndef PROTOCOL_COMMAND_STATUS_H
#define PROTOCOL_COMMAND_STATUS_H

enum status {
	STATUS_DONE = 0,
	STATUS_FAILED = 1,    /* nothing or only a part was done; the text says which */
	STATUS_NO = 2,        /* the question is answered with no: a check found errors */
	STATUS_NOT_FOUND = 3, /* it names a thing that is not there */
	STATUS_REFUSED = 4,   /* no permission */
	STATUS_UNREACHABLE = 5, /* no server, or no answer in time */
	STATUS_CONFLICT = 6,    /* not from this state, or changed meanwhile */
	STATUS_USAGE = 64,      /* sysexits(3) */
	STATUS_SIGNAL = 128,    /* and the number of the signal */
};

#endif
