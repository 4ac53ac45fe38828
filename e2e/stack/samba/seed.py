# Fills a freshly provisioned domain, in one transaction, before it starts. Run by the distribution's python3, which has Samba's module:
#   seed.py <private/sam.ldb> <etc/smb.conf> < seed.json
import json
import sys

import ldb
from samba import sd_utils
from samba.auth import system_session
from samba.param import LoadParm
from samba.samdb import SamDB

GET_CHANGES = '1131f6aa-9c07-11d1-f79f-00c04fc2dcd2'
HALF_AN_HOUR = str(-30 * 60 * 10_000_000)
NEVER = str(-0x8000000000000000)

path, configuration = sys.argv[1:]
seed = json.load(sys.stdin)
parameters = LoadParm()
parameters.load(configuration)
sam = SamDB(url=path, session_info=system_session(), lp=parameters)


def replace(dn, **values):
    message = ldb.Message(ldb.Dn(sam, dn))
    for name, value in values.items():
        message[name] = ldb.MessageElement(value, ldb.FLAG_MOD_REPLACE, name)
    sam.modify(message)


def set_password_policy():
    replace(sam.domain_dn(), lockoutThreshold=str(seed['lockoutThreshold']), lockoutDuration=HALF_AN_HOUR, lockOutObservationWindow=HALF_AN_HOUR,
            maxPwdAge=NEVER, minPwdAge='0', pwdHistoryLength='0')


def add_person(person):
    quoted = '"%s"' % person['password']
    late = {'pwdLastSet'}
    now = {name: value for name, value in person['attributes'].items() if name not in late}
    sam.add({'dn': person['dn'], 'objectClass': 'user', 'unicodePwd': quoted.encode('utf-16-le'), **now})
    for name in late & person['attributes'].keys():
        replace(person['dn'], **{name: person['attributes'][name]})


def add_members(group):
    if not group['members']:
        return
    message = ldb.Message(ldb.Dn(sam, group['dn']))
    message['member'] = ldb.MessageElement(group['members'], ldb.FLAG_MOD_ADD, 'member')
    sam.modify(message)


# The right to ask, and the right to see what was deleted: since Samba's fix of CVE-2023-4154 the first does not bring the second. Both as
# lib/directory/settings/rights.ts tells an admin to give them, the second inherited by what will be deleted.
def allow_replication_reads(dn):
    found = sam.search(base=dn, scope=ldb.SCOPE_BASE, attrs=['objectSid'])
    sid = sam.schema_format_value('objectSid', found[0]['objectSid'][0]).decode()
    descriptors = sd_utils.SDUtils(sam)
    descriptors.dacl_add_ace(sam.domain_dn(), '(OA;;CR;%s;;%s)' % (GET_CHANGES, sid))
    descriptors.dacl_add_ace('CN=Deleted Objects,' + sam.domain_dn(), '(A;CI;LCRP;;;%s)' % sid)


sam.transaction_start()
try:
    set_password_policy()
    for unit in seed['units']:
        sam.add({'dn': unit, 'objectClass': 'organizationalUnit'})
    for person in seed['people']:
        add_person(person)
    for group in seed['groups']:
        sam.add({'dn': group['dn'], 'objectClass': 'group', **group['attributes']})
    for group in seed['groups']:
        add_members(group)
    for dn in seed['replicators']:
        allow_replication_reads(dn)
except BaseException:
    sam.transaction_cancel()
    raise
sam.transaction_commit()
