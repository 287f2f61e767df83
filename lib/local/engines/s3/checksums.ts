import { createHash } from 'node:crypto';
import { crc32 } from 'node:zlib';

/** A checksum over bytes that come in parts. */
export type RunningChecksum = { update(bytes: Uint8Array): void; digest(): Buffer };

export type ChecksumAlgorithm = 'CRC32' | 'CRC32C' | 'CRC64NVME' | 'SHA1' | 'SHA256';
export const CHECKSUM_ALGORITHMS: readonly ChecksumAlgorithm[] = [
  'CRC32',
  'CRC32C',
  'CRC64NVME',
  'SHA1',
  'SHA256',
];

export const checksumHeader = (algorithm: ChecksumAlgorithm): string =>
  `x-amz-checksum-${algorithm.toLowerCase()}`;

export const isChecksumAlgorithm = (name: string): name is ChecksumAlgorithm =>
  CHECKSUM_ALGORITHMS.some((algorithm) => algorithm === name);

/** Castagnoli polynomial, reflected (RFC 3720, appendix B.4). */
const CRC32C_POLYNOMIAL = 0x82f63b78;
/** CRC-64/NVME, reflected (NVM Express NVM Command Set 1.0, section 5.2.1.3.4). */
const CRC64_POLYNOMIAL = 0x9a6c9329ac4bc9b5n;
const WORD_MASK = 0xffffffffn;

const once = <T>(make: () => T): (() => T) => {
  let made: T | undefined;
  return () => {
    made ??= make();
    return made;
  };
};

const crc32cTable = once(() =>
  Uint32Array.from({ length: 256 }, (_, byte) => {
    let value = byte;
    for (let bit = 0; bit < 8; bit++) value = value & 1 ? (value >>> 1) ^ CRC32C_POLYNOMIAL : value >>> 1;
    return value;
  }),
);

/** High and low words of each entry, side by side: BigInt would be a hundred times slower in the loop. */
const crc64Table = once(() => {
  const table = new Uint32Array(512);
  for (let byte = 0; byte < 256; byte++) {
    let value = BigInt(byte);
    for (let bit = 0; bit < 8; bit++) value = value & 1n ? (value >> 1n) ^ CRC64_POLYNOMIAL : value >> 1n;
    table[2 * byte] = Number(value >> 32n);
    table[2 * byte + 1] = Number(value & WORD_MASK);
  }
  return table;
});

function words(...values: readonly number[]): Buffer {
  const bytes = Buffer.alloc(4 * values.length);
  values.forEach((value, at) => {
    bytes.writeUInt32BE(value >>> 0, 4 * at);
  });
  return bytes;
}

function runningCrc32(): RunningChecksum {
  let value = 0;
  return {
    update: (bytes) => {
      value = crc32(bytes, value);
    },
    digest: () => words(value),
  };
}

function runningCrc32c(): RunningChecksum {
  const table = crc32cTable();
  let value = 0xffffffff;
  return {
    update: (bytes) => {
      for (const byte of bytes) value = (table[(value ^ byte) & 0xff] ?? 0) ^ (value >>> 8);
    },
    digest: () => words(~value),
  };
}

function runningCrc64(): RunningChecksum {
  const table = crc64Table();
  let high = 0xffffffff;
  let low = 0xffffffff;
  return {
    update: (bytes) => {
      for (const byte of bytes) {
        const at = ((low ^ byte) & 0xff) << 1;
        low = ((low >>> 8) | (high << 24)) ^ (table[at + 1] ?? 0);
        high = (high >>> 8) ^ (table[at] ?? 0);
      }
    },
    digest: () => words(~high, ~low),
  };
}

function runningHash(name: string): RunningChecksum {
  const hash = createHash(name);
  return { update: (bytes) => void hash.update(bytes), digest: () => hash.digest() };
}

/** A checksum that is ready for its first bytes. */
export function startChecksum(algorithm: ChecksumAlgorithm | 'MD5'): RunningChecksum {
  switch (algorithm) {
    case 'CRC32':
      return runningCrc32();
    case 'CRC32C':
      return runningCrc32c();
    case 'CRC64NVME':
      return runningCrc64();
    case 'SHA1':
    case 'SHA256':
    case 'MD5':
      return runningHash(algorithm.toLowerCase());
  }
}
