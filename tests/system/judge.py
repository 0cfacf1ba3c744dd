"""judge.py: what python3-dkim and python3-spf say. A job comes as JSON on the standard input, its answer goes out as JSON.

sign:    [{text, how, d, s, key, c, h, l, hops, found}] becomes texts
dkim:    texts become [[whether each signature holds], the state of the chain of ARC]
spf:     [[ip, sender, helo]] become [the result, the result without a bound on what is not there]

A zone is {name: {type: [values]}}; who asks for a name ending in ".broken" gets no answer.
"""
import json
import sys

import dkim
import spf


def look_up_key(zone):
    def txt(name, timeout=5):
        name = name.decode('ascii', 'replace').rstrip('.').lower()
        if name.endswith('.broken'):
            raise dkim.DnsTimeoutError(name)
        return (zone.get(name, {}).get('TXT') or [''])[0].encode('latin1') or None
    return txt


def sign(job):
    text, key = job['text'].encode('latin1'), job['key'].encode()
    d, s = job['d'].encode(), job['s'].encode()
    if job['how'] == 'arc':
        for hop in range(job['hops']):
            cv = 'none' if hop == 0 else 'pass'
            me = f'mx{hop}.{job["d"]}'
            found = job.get('found', 'dkim=none')
            text = f'Authentication-Results: {me}; arc={cv}; {found}\r\n'.encode() + text
            text = b''.join(dkim.arc_sign(text, s, d, key, me.encode())) + text
        return text.decode('latin1')
    header, body = (part.encode() for part in job['c'].split('/'))
    field = dkim.sign(text, s, d, key, canonicalize=(header, body), include_headers=[h.encode() for h in job['h']],
                      signature_algorithm=(job['how'] + '-sha256').encode(), length=job.get('l', False))
    return (field + text).decode('latin1')


def signed(job):
    try:
        return sign(job)
    except Exception:  # it takes no such mail
        return None


def holds(text, i, keys):
    try:
        return bool(dkim.DKIM(text).verify(idx=i, dnsfunc=keys))
    except Exception:  # which is its way to say no, whatever the class
        return False


def chain(text, keys):
    try:
        return dkim.arc_verify(text, dnsfunc=keys)[0].decode()
    except Exception:
        return 'fail'


def judge(text, keys):
    text = text.encode('latin1')
    try:
        n = len([name for name, _ in dkim.DKIM(text).headers if name.lower() == b'dkim-signature'])
    except dkim.DKIMException:
        return None  # to it this is no mail
    return [[holds(text, i, keys) for i in range(n)], chain(text, keys)]


def answer_spf(zone):
    def look(name, qtype, strict=True, timeout=20, **more):
        name = name.rstrip('.').lower()
        if name.endswith('.broken'):
            raise spf.TempError('no answer')
        there = zone.get(name, {})
        if 'CNAME' in there and qtype not in there:
            return [((name, 'CNAME'), there['CNAME'][0])] + look(there['CNAME'][0], qtype)
        values = there.get(qtype, [])
        if qtype == 'TXT':
            values = [(v.encode('latin1'),) for v in values]
        elif qtype == 'MX':
            values = [(int(v.split(' ')[0]), v.split(' ')[1].rstrip('.')) for v in values]
        return [((name, qtype), v) for v in values]
    return look


def said(ip, sender, helo, voids):
    spf.MAX_VOID_LOOKUPS = voids
    try:
        return spf.check2(i=ip, s=sender, h=helo, timeout=60)[0]
    except Exception as error:
        return f'crash: {error!r}'


def main():
    job = json.load(sys.stdin)
    zone = job.get('zone', {})
    if job['what'] == 'sign':
        out = [signed(one) for one in job['jobs']]
    elif job['what'] == 'dkim':
        keys = look_up_key(zone)
        out = [judge(text, keys) for text in job['texts']]
    else:
        spf.DNSLookup = answer_spf(zone)
        out = [[said(*case, voids) for voids in (2, 1000)] for case in job['cases']]
    json.dump(out, sys.stdout)


main()
