import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  consistencyPath,
  emptyRoot,
  GrowingTree,
  type Hash,
  inclusionPath,
  isConsistent,
  leafHash,
  leafHashOfBytes,
  rootFromPath,
  rootOf,
} from '../../../functions/evidence/log/merkle.ts';

/** The reference vectors of Certificate Transparency (google/certificate-transparency, merkletree/merkle_tree_test.cc). */
const LEAVES = [
  '',
  '00',
  '10',
  '2021',
  '3031',
  '40414243',
  '5051525354555657',
  '606162636465666768696a6b6c6d6e6f',
].map((hex) => leafHashOfBytes(Buffer.from(hex, 'hex')));
const ROOTS = [
  '6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d',
  'fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125',
  'aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77',
  'd37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7',
  '4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4',
  '76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef',
  'ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c',
  '5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328',
];
const hex = (hashes: readonly Hash[]): readonly string[] => hashes.map((one) => one.toString('hex'));

describe('the tree, against the reference vectors of Certificate Transparency', () => {
  it('has their roots', () => {
    expect(emptyRoot().toString('hex')).toBe(
      'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855',
    );
    expect(hex(ROOTS.map((_, at) => rootOf(LEAVES.slice(0, at + 1))))).toEqual(ROOTS);
  });

  it('has their audit paths', () => {
    expect(hex(inclusionPath(LEAVES, 0))).toEqual([
      '96a296d224f285c67bee93c30f8a309157f0daa35dc5b87e410b78630a09cfc7',
      '5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e',
      '6b47aaf29ee3c2af9af889bc1fb9254dabd31177f16232dd6aab035ca39bf6e4',
    ]);
    expect(hex(inclusionPath(LEAVES, 5))).toEqual([
      'bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b',
      'ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0',
      'd37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7',
    ]);
  });

  it('has their consistency proofs', () => {
    expect(hex(consistencyPath(LEAVES, 1))).toEqual([
      '96a296d224f285c67bee93c30f8a309157f0daa35dc5b87e410b78630a09cfc7',
      '5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e',
      '6b47aaf29ee3c2af9af889bc1fb9254dabd31177f16232dd6aab035ca39bf6e4',
    ]);
    expect(hex(consistencyPath(LEAVES, 6))).toEqual([
      '0ebc5d3437fbe2db158b9f126a1d118e308181031d0a949f8dededebc558ef6a',
      'ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0',
      'd37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7',
    ]);
    expect(hex(consistencyPath(LEAVES.slice(0, 5), 2))).toEqual([
      '5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e',
      'bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b',
    ]);
  });

  it('hashes text and its bytes alike', () => {
    expect(leafHash('Grüße')).toEqual(leafHashOfBytes(Buffer.from('Grüße')));
  });
});

const leaves = fc
  .array(fc.string(), { minLength: 1, maxLength: 70 })
  .map((texts) => texts.map((text) => leafHash(text)));

describe('the laws of the tree', () => {
  it('a tree that grows and is resumed anywhere has the root of the whole', () => {
    fc.assert(
      fc.property(leaves, fc.nat(70), (all, pause) => {
        const begun = new GrowingTree();
        for (const leaf of all.slice(0, pause)) begun.append(leaf);
        const resumed = new GrowingTree(begun.size, begun.peaks);
        for (const leaf of all.slice(pause)) resumed.append(leaf);
        expect(resumed.root()).toEqual(rootOf(all));
        expect(resumed.size).toBe(all.length);
      }),
    );
  });

  it('every leaf has a path to the root, and no other leaf, place, size or path passes for it', () => {
    fc.assert(
      fc.property(leaves, fc.nat(69), fc.nat(), (all, pick, other) => {
        const index = pick % all.length;
        const path = inclusionPath(all, index);
        const leaf = all[index] ?? emptyRoot();
        const root = rootOf(all);
        const leadsToRoot = (...[of, at, size, by]: Parameters<typeof rootFromPath>): boolean =>
          rootFromPath(of, at, size, by)?.equals(root) ?? false;
        expect(leadsToRoot(leaf, index, all.length, path)).toBe(true);
        expect(leadsToRoot(leafHash(`not ${other}`), index, all.length, path)).toBe(false);
        expect(leadsToRoot(leaf, index, all.length, [...path, root])).toBe(false);
        expect(leadsToRoot(leaf, all.length, all.length, path)).toBe(false);
        if (path.length === 0) return;
        expect(leadsToRoot(leaf, index, all.length, path.slice(1))).toBe(false);
        const bent = path.map((hash, at) => (at === other % path.length ? leafHash('bent') : hash));
        expect(leadsToRoot(leaf, index, all.length, bent)).toBe(false);
      }),
    );
  });

  it('every earlier tree is a proven beginning of the later one, and a changed past is not', () => {
    fc.assert(
      fc.property(leaves, fc.nat(69), fc.nat(69), (all, pick, change) => {
        const size = 1 + (pick % all.length);
        const newer = { size: all.length, root: rootOf(all) };
        const older = { size, root: rootOf(all.slice(0, size)) };
        const path = consistencyPath(all, size);
        expect(isConsistent(older, newer, path)).toBe(true);
        const rewritten = all.map((leaf, at) => (at === change % size ? leafHash('rewritten') : leaf));
        expect(
          isConsistent(older, { ...newer, root: rootOf(rewritten) }, consistencyPath(rewritten, size)),
        ).toBe(false);
        expect(isConsistent({ ...older, size: size - 1 }, newer, path)).toBe(false);
        if (path.length > 0) expect(isConsistent(older, newer, path.slice(1))).toBe(false);
      }),
    );
  });

  it('refuses what is not a tree', () => {
    expect(() => new GrowingTree(3, [emptyRoot()])).toThrow(RangeError);
    expect(() => inclusionPath([], 0)).toThrow(RangeError);
    expect(() => consistencyPath(LEAVES, 9)).toThrow(RangeError);
    expect(rootFromPath(emptyRoot(), -1, 1, [])).toBeNull();
  });
});
