# Fills a domain that is seeded already with a crowd: people, groups of all sizes, groups in groups. Run by the distribution's python3 while
# nothing serves the database:
#   crowd.py <tree of the domain controller> <people> <groups> <memberships>
#
# Samba makes one person and one group itself, each with what it adds of its own (descriptor, replication metadata, links). The crowd are
# copies of these two, put into the domain's own file beneath Samba's modules, which would take five milliseconds for each person and
# write each one anew at each membership. What Samba keeps in step is kept in step here: indexes (by ldb), links in both directions and in
# their order, USNs. The same numbers make the same crowd.
import glob
import os
import random
import re
import struct
import sys
import time
import unicodedata
import uuid

import ldb
import tdb
from samba import Ldb
from samba.auth import system_session
from samba.param import LoadParm
from samba.samdb import SamDB

GIVEN = ('Anna Ben Clara José Elena Félix Grace Hassan Inês Jonas Kira Léon Mina Noah Olga Paul Quinn Rosa Samir Tara Uwe Věra Wanda Xenia '
         'Yusuf Zoë Amara Bruno Célia Diego Emil Fatou Gustav Hana Iván Julia Karim Lena Marco Nadia Søren Åsa Žofie Łucja').split()
FAMILY = ('Abara Becker Costa Dietrich Eriksen Ferreira Gruber Hoffmann Ibrahim Jansen Kamau Lindqvist Martins Novák Otieno Pereira Quist '
          'Richter Santos Tanaka Ullmann Vogel Wanjiru Xu Yılmaz Zimmer Almeida Brunner Correia Duarte Engel Fischer Gomes Huber Keller Lopes '
          'Mwangi Neumann Odhiambo Pinto Müller Jørgensen Łukasik Ñuñez Çelik Ångström Weiß').split()
TITLES = ('Engineer', 'Senior Engineer', 'Analyst', 'Account Manager', 'Controller', 'Recruiter', 'Support Lead')
UNITS = 100
# Plain account that needs no password: nobody of the crowd signs in.
CONTROL = str(0x200 | 0x20)
# Far beyond what the domain gives out by itself.
FIRST_RID = 1_000_000
# Within a transaction ldb holds its index in a table that a large one makes slow.
AT_ONCE = 2_000

tree = sys.argv[1]
people, groups, memberships = (int(text) for text in sys.argv[2:])
parameters = LoadParm()
parameters.load(os.path.join(tree, 'etc/smb.conf'))
base = 'DC=corp,DC=example'
root = 'OU=Crowd,' + base
guids = random.Random(people * 31 + groups)


def plain(text):
    decomposed = unicodedata.normalize('NFKD', text)
    return ''.join(sign for sign in decomposed if sign.isascii()).lower()


# What stands in the database for an object: its name, and how others link to it.
class Thing:
    def __init__(self, dn, rid):
        self.dn = dn
        self.rid = rid
        self.guid = uuid.UUID(int=guids.getrandbits(128), version=4)
        self.links = []

    def link(self, before_sid, sid):
        return ('<GUID=%s>;%s<SID=%s-%d>;%s' % (self.guid, before_sid, sid, self.rid, self.dn)).encode()


def names_of(n):
    return GIVEN[n % len(GIVEN)], FAMILY[(n // len(GIVEN) + n * 7) % len(FAMILY)]


def person_texts(n):
    given, family = names_of(n)
    login = '%s.%s%d' % (plain(given)[:5], plain(family)[:7], n)
    return {'cn': '%s %s %d' % (given, family, n), 'name': '%s %s %d' % (given, family, n), 'displayName': '%s %s' % (given, family),
            'givenName': given, 'sn': family, 'sAMAccountName': login, 'userPrincipalName': login + '@corp.example',
            'mail': login + '@corp.example', 'title': TITLES[n % len(TITLES)], 'department': 'Department %d' % (n % 40)}


def group_texts(n):
    return {'cn': 'crowd-%d' % n, 'name': 'crowd-%d' % n, 'sAMAccountName': 'crowd-%d' % n, 'description': 'Group %d of the crowd' % n}


def unit_of(n):
    return 'OU=Unit %d,%s' % (n % UNITS, root)


# One with half of everybody, four with a fifth, one in a hundred with a hundredth; the rest share what is left. Every fourth is in another one.
def sizes():
    large = [people // 2] + [people // 5] * 4
    wide = {n for n in range(len(large), groups) if n % 100 == 99}
    left = memberships - groups // 4 - sum(large) - len(wide) * (people // 100)
    narrow = groups - len(large) - len(wide)
    share, rest = divmod(left, narrow)
    for n in range(groups):
        if n < len(large):
            yield large[n]
        elif n in wide:
            yield people // 100
        else:
            rest -= 1
            yield share + (1 if rest >= 0 else 0)


def make_patterns():
    sam = SamDB(url=os.path.join(tree, 'private/sam.ldb'), session_info=system_session(), lp=parameters)
    units = [root] + [unit_of(n) for n in range(UNITS)] + ['OU=Groups,' + root]
    for dn in units:
        sam.add({'dn': dn, 'objectClass': 'organizationalUnit'})
    person, group = 'CN=Pattern,' + root, 'CN=crowd-pattern,OU=Groups,' + root
    sam.add({'dn': person, 'objectClass': 'user', 'userAccountControl': CONTROL, **{name: value for name, value in person_texts(0).items()
             if name not in ('cn', 'name', 'sAMAccountName')}, 'sAMAccountName': 'crowd.pattern', 'userPrincipalName': 'crowd.pattern@corp.example'})
    sam.add({'dn': group, 'objectClass': 'group', 'sAMAccountName': 'crowd-pattern', 'description': 'Pattern of the crowd’s groups', 'member': person})
    return person, group


def say(what):
    print('%s after %d s' % (what, time.monotonic() - began), flush=True)


began = time.monotonic()
patterns = make_patterns()
[file] = glob.glob(os.path.join(tree, 'private/sam.ldb.d', base.upper() + '.ldb'))
store = Ldb(url='tdb://' + file)
pattern_person, pattern_group = (store.search(base=dn, scope=ldb.SCOPE_BASE)[0] for dn in patterns)
sid_bytes = bytes(pattern_person['objectSid'][0])[:-4]
sid = 'S-1-5-' + '-'.join(str(part) for part in struct.unpack('<4I', sid_bytes[8:]))
# <GUID=…>;<RMD_…>;…<SID=…>;DN: what is between the GUID and the SID tells when the link was made, and by whom.
how = re.match(rb'<GUID=[^>]*>;(.*)<SID=', bytes(pattern_group['member'][0])).group(1).decode()

crowd = [Thing('CN=%s,%s' % (person_texts(n)['cn'], unit_of(n)), FIRST_RID + n) for n in range(people)]
bands = [Thing('CN=crowd-%d,OU=Groups,%s' % (n, root), FIRST_RID + people + n) for n in range(groups)]
members = []
for n, size in enumerate(sizes()):
    step = 2 if n == 0 else 1
    within = [crowd[(n * 7919 + i * step) % people] for i in range(size)] + ([bands[n - 1]] if n % 4 == 3 else [])
    for member in within:
        member.links.append(bands[n])
    members.append(sorted(within, key=lambda thing: thing.guid.bytes_le))
say('%d memberships thought of' % sum(len(within) for within in members))

metadata = tdb.open(os.path.join(tree, 'private/sam.ldb.d/metadata.tdb'), flags=os.O_RDWR)
usn = int(metadata[b'SEQ_NUM'])


def put(pattern, thing, texts, more):
    global usn
    usn += 1
    message = ldb.Message(ldb.Dn(store, thing.dn))
    own = {'objectGUID': thing.guid.bytes_le, 'objectSid': sid_bytes + struct.pack('<I', thing.rid), 'uSNCreated': str(usn), 'uSNChanged': str(usn),
           'distinguishedName': thing.dn, **texts, **more}
    for name in pattern.keys():
        if name not in own and name not in ('dn', 'memberOf', 'member'):
            message[name] = ldb.MessageElement([bytes(value) for value in pattern[name]], ldb.FLAG_MOD_ADD, name)
    for name, value in own.items():
        if value:
            message[name] = ldb.MessageElement(value, ldb.FLAG_MOD_ADD, name)
    store.add(message)


def back_links(thing):
    return {'memberOf': [group.link('', sid) for group in sorted(thing.links, key=lambda one: one.guid.bytes_le)]}


# Ldb copies a list of its index at each step that lengthens it. Those that list everybody are laid down for the time: whatever lists a
# pattern lists its copies as well.
VARYING = {'@IDXDN', '@IDXONE', 'OBJECTGUID', 'OBJECTSID', 'USNCREATED', 'USNCHANGED'} | {name.upper() for name in {**person_texts(0), **group_texts(0)}}
pattern_guids = {bytes(pattern['objectGUID'][0]): things for pattern, things in ((pattern_person, crowd), (pattern_group, bands))}
long_lists = {}
for message in store.search(base='@INDEXLIST', scope=ldb.SCOPE_BASE):
    indexed = [bytes(value) for value in message['@IDXATTR']]
del store
raw = tdb.open(file, flags=os.O_RDWR)
list_of_indexes = raw[b'DN=@INDEXLIST\0']
set_aside = {}
for key in raw:
    if key.startswith(b'DN=@INDEX:'):
        set_aside[key] = raw[key]
raw.close()
store = Ldb(url='tdb://' + file)
for key in set_aside:
    dn = key[3:-1].decode()
    if dn.split(':')[1] in VARYING:
        continue
    found = store.search(base=dn, scope=ldb.SCOPE_BASE, attrs=['@IDX'])
    entries = bytes(found[0]['@IDX'][0]) if found and '@IDX' in found[0] else b''
    within = {entries[at:at + 16] for at in range(0, len(entries), 16)}
    added = [thing.guid.bytes_le for guid, things in pattern_guids.items() if guid in within for thing in things]
    if added:
        long_lists[dn] = b''.join(sorted(within | set(added)))
laid_down = {dn.split(':')[1] for dn in long_lists}
message = ldb.Message(ldb.Dn(store, '@INDEXLIST'))
message['@IDXATTR'] = ldb.MessageElement([name for name in indexed if name.decode().upper() not in laid_down], ldb.FLAG_MOD_REPLACE, '@IDXATTR')
store.modify(message)
say('laid down: ' + ' '.join(sorted(laid_down)))

def put_all(what, things, put_one):
    for first in range(0, len(things), AT_ONCE):
        store.transaction_start()
        for n in range(first, min(first + AT_ONCE, len(things))):
            put_one(n, things[n])
        store.transaction_commit()
        say('%d %s' % (min(first + AT_ONCE, len(things)), what))


put_all('people', crowd, lambda n, person: put(pattern_person, person, person_texts(n), back_links(person)))
put_all('groups', bands, lambda n, group: put(pattern_group, group, group_texts(n), {
    **back_links(group), 'member': [member.link(how, sid) for member in members[n]]}))
metadata.transaction_start()
metadata.store(b'SEQ_NUM', str(usn).encode())
metadata.transaction_commit()
say('written')

del store
raw = tdb.open(file, flags=os.O_RDWR)
raw.transaction_start()
raw.store(b'DN=@INDEXLIST\0', list_of_indexes)
for key, value in set_aside.items():
    if key[3:-1].decode().split(':')[1] in laid_down:
        raw.store(key, value)
raw.transaction_commit()
raw.close()
store = Ldb(url='tdb://' + file)
store.transaction_start()
for dn, entries in long_lists.items():
    message = ldb.Message(ldb.Dn(store, dn))
    message['@IDX'] = ldb.MessageElement([entries], ldb.FLAG_MOD_REPLACE, '@IDX')
    store.modify(message)
store.transaction_commit()
say('indexed')
