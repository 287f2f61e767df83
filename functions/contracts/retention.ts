/**
 * How long the places that have no event class of their own keep things. What an event class is kept for is the
 * jurisdiction's to say (`registry/jurisdictions`); a test holds each of these below the shortest class of every one.
 */

/** An alert in the hot store, from its opening; its evidence stays in the archive. It may rest on any class,
 * and a backup of the table can bring it back for a while. */
export const ALERT_DAYS = 360;
/** The outcome of an event that was not applied; as long as a client could still ask what became of it. */
export const RECORD_DAYS = 90;
/** An absence cue that nobody looked at, from when it fell due. */
export const CUE_DAYS = 7;
/** A quarantined event, which a steward may repair so long. It is kept as received, so no longer than repair takes. */
export const QUARANTINE_DAYS = 90;
/** Something on the lineage stream that is no row: kept as it came, until somebody has found out why. */
export const UNREADABLE_DAYS = 90;
/** Who read or wrote an object: no signals, but requests of our own functions and staff. */
export const ACCESS_LOG_DAYS = 365;
/** What people asked to have of themselves can be fetched for so long; a day more as a noncurrent version. */
export const EXPORT_DAYS = 7;
/** An answer of Athena lies ready for so long, and a day more as a noncurrent version. */
export const ANSWER_DAYS = 7;
/** A table can be taken back to any second of so many days. Counted into the retention, not added to it. */
export const TABLE_RECOVERY_DAYS = 35;
/** An expired or overwritten object can still be brought back for so long. Counted into the retention, not added to it. */
export const RECOVERY_DAYS = 7;

/**
 * Hours a stream keeps a record: the age at which its consumer gives a record up (`recordAgeSecondsMax`) and at least
 * twelve hours more, in which `salvage` fetches the record from the stream, or a person finds out why it cannot.
 * signals: given up after 12 h, kept 24 h, which is free. lineage: given up after 22 h, so 24 h would leave two.
 */
export const STREAM_HOURS = { signals: 24, lineage: 48 } as const;
