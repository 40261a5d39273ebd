// Tests of how the set-up reads apt's sources, and where it takes the backports suite from.
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as assert from 'uvu/assert';
import { suite } from './harness.ts';

interface Source {
  types: string[];
  uris: string[];
  suites: string[];
  components: string[];
  fields: Record<string, string>;
}
interface AptSources {
  parseOneLineSources(content: string): Source[];
  parseSourceStanzas(content: string): Source[];
  readSources(folder: string): Source[];
  isConfigured(entries: Source[], suite: string): boolean;
  backportsEntry(entries: Source[], release: string): Source | undefined;
  formatStanza(entry: Source): string;
}
type OsRelease = Record<string, string>;

// The set-up runs before anything is installed, so it is plain JavaScript: its types are stated above.
const load = (name: string) => import(new URL(`../scripts/setup/${name}`, import.meta.url).href);
const sources = (await load('apt-sources.mjs')) as AptSources;
const { missingEntries } = (await load('apt.mjs')) as {
  missingEntries(entries: Source[], os: OsRelease): Source[];
};

const BOOKWORM = { ID: 'debian', VERSION_ID: '12', VERSION_CODENAME: 'bookworm' };
const TRIXIE = { ID: 'debian', VERSION_ID: '13', VERSION_CODENAME: 'trixie' };
const MIRROR = 'http://mirror.example/debian';

const apt = suite('setup, apt sources');

apt('reads one-line entries with and without options', () => {
  const entries = sources.parseOneLineSources(
    [
      '# deb http://commented.example/debian bookworm main',
      `deb ${MIRROR} bookworm main contrib # the usual`,
      `deb-src ${MIRROR} bookworm main`,
      `  deb [ arch=amd64,arm64 signed-by=/usr/share/keyrings/a.gpg ] ${MIRROR} bookworm-updates main`,
      'deb [trusted=yes] file:/srv/flat ./',
      '',
    ].join('\n'),
  );
  assert.equal(entries, [
    { types: ['deb'], uris: [MIRROR], suites: ['bookworm'], components: ['main', 'contrib'], fields: {} },
    { types: ['deb-src'], uris: [MIRROR], suites: ['bookworm'], components: ['main'], fields: {} },
    {
      types: ['deb'],
      uris: [MIRROR],
      suites: ['bookworm-updates'],
      components: ['main'],
      fields: { architectures: 'amd64 arm64', 'signed-by': '/usr/share/keyrings/a.gpg' },
    },
    { types: ['deb'], uris: ['file:/srv/flat'], suites: ['./'], components: [], fields: { trusted: 'yes' } },
  ]);
});

const STANZAS = `# A comment before all
Types: deb deb-src
# A comment inside
URIs: ${MIRROR}
Suites: bookworm
 bookworm-updates
Components: main
Signed-By:
 -----BEGIN PGP PUBLIC KEY BLOCK-----
 .
 mQINBF
 -----END PGP PUBLIC KEY BLOCK-----

Types: deb
URIs: http://switched-off.example/debian
Suites: bookworm-backports
Components: main
Enabled: no

`;

apt('reads stanzas: comments, continued values, embedded keys, switched-off ones', () => {
  const entries = sources.parseSourceStanzas(STANZAS);
  assert.is(entries.length, 1);
  assert.equal(entries[0]!.types, ['deb', 'deb-src']);
  assert.equal(entries[0]!.uris, [MIRROR]);
  assert.equal(entries[0]!.suites, ['bookworm', 'bookworm-updates']);
  assert.match(
    entries[0]!.fields['signed-by']!,
    /^\n -----BEGIN.*\n \.\n mQINBF\n -----END PGP PUBLIC KEY BLOCK-----$/,
  );
});

apt('a stanza that was written reads as the same entry', () => {
  const entries = sources.parseSourceStanzas(STANZAS);
  assert.equal(sources.parseSourceStanzas(entries.map(sources.formatStanza).join('\n')), entries);
});

apt('reads sources.list and both kinds of parts, and no other file', () => {
  const folder = mkdtempSync(join(tmpdir(), 'halftape-setup-'));
  try {
    mkdirSync(join(folder, 'sources.list.d'));
    const line = (name: string) => `deb http://${name}.example/debian bookworm main\n`;
    writeFileSync(join(folder, 'sources.list'), line('whole'));
    writeFileSync(join(folder, 'sources.list.d', 'a.list'), line('part'));
    writeFileSync(join(folder, 'sources.list.d', 'b.sources'), STANZAS);
    writeFileSync(join(folder, 'sources.list.d', 'c.list.disabled'), line('disabled'));
    const uris = sources.readSources(folder).flatMap((entry) => entry.uris);
    assert.equal(uris, ['http://whole.example/debian', 'http://part.example/debian', MIRROR]);
  } finally {
    rmSync(folder, { recursive: true });
  }
  assert.equal(sources.readSources(join(tmpdir(), 'halftape-no-such-folder')), []);
});

apt("takes backports from the mirror with the release's updates, with its key", () => {
  const entries = sources.parseOneLineSources(
    [
      'deb cdrom:[Debian]/ bookworm main',
      'deb http://vendor.example/debian bookworm main',
      `deb [signed-by=/keys/debian.gpg] ${MIRROR} bookworm main contrib`,
      `deb ${MIRROR} bookworm-updates main`,
    ].join('\n'),
  );
  assert.equal(sources.backportsEntry(entries, 'bookworm'), {
    types: ['deb'],
    uris: [MIRROR],
    suites: ['bookworm-backports'],
    components: ['main'],
    fields: { 'signed-by': '/keys/debian.gpg' },
  });
});

apt('adds backports on Debian 12 alone, and only where it is not configured', () => {
  const plain = sources.parseOneLineSources(`deb ${MIRROR} bookworm main`);
  const configured = [...plain, ...sources.parseOneLineSources(`deb ${MIRROR} bookworm-backports main`)];
  assert.is(missingEntries(plain, BOOKWORM)[0]!.suites[0], 'bookworm-backports');
  assert.equal(missingEntries(configured, BOOKWORM), []);
  assert.equal(missingEntries(plain, TRIXIE), []);
  assert.throws(() => missingEntries([], BOOKWORM), /name no mirror/);
  assert.not(sources.isConfigured(sources.parseOneLineSources(`deb-src ${MIRROR} a main`), 'a'));
});
