"""Why a recording is open, for classrooms, listed or sealed, in the words of its record's page."""

import datetime as dt

from cunshi.core.i18n import _
from cunshi.domain.consent import ARCHIVE, LESSON, WEBSITE, Access, Consent
from cunshi.domain.recording import Recording


def why(recording: Recording, today: dt.date) -> str:
    """What the effective access follows from: the first thing that would have to change."""
    said, consent = recording.description, recording.description.consent
    if not consent.holds(today) or consent.waits(today):
        return _lacking(consent, today)
    if said.minor and consent.uses and not consent.guardian:
        return _("未成年人要监护人同意，还没有写监护人，所以封存。")
    if not consent.allows(ARCHIVE):
        return _("没有同意存档，所以封存。请和讲述人商量：另签一份，还是把录音还给他。")
    if said.minor and said.access is None:
        return _("未成年人的录音先封存。监护人愿意公开，再在“谁能听”里选。")
    asked = Access.OPEN if said.access is None else said.access
    if recording.access(today) is not asked:
        return _limited(consent, asked)
    return {
        Access.OPEN: _("同意书有效，下次发布就在网站上。"),
        Access.CLASSROOM: _("只供课堂：不上网站，只在 U 盘礼包里。"),
        Access.LISTED: _("网站上只列题名、讲述人和日期，不能听，没有文字。"),
        Access.SEALED: _("“谁能听”选了封存。"),
    }[asked] + _unused(consent, asked)


def _lacking(consent: Consent, today: dt.date) -> str:
    if consent.withdrawn_on is not None:
        day = consent.withdrawn_on.isoformat()
        return _("{day} 撤回了同意，所以封存。").format(day=day)
    if not consent.by:
        return _("没有登记同意书，所以封存。")
    if consent.signed_on is None:
        return _("同意书没有写签署日期，所以封存。")
    if consent.embargo is not None and consent.holds(today):
        return _("讲好了 {day} 以前不公开，所以先封存。").format(day=consent.embargo.isoformat())
    day = consent.until.isoformat() if consent.until else ""
    return _("同意书 {day} 到期了，所以封存。").format(day=day)


def _limited(consent: Consent, asked: Access) -> str:
    if consent.allows(LESSON) and asked is Access.OPEN:
        return _("没有同意放在网站上，只同意用在课程里，所以只供课堂。")
    if consent.allows(WEBSITE):
        return _("没有同意用在课程里，所以不能只供课堂，先封存。")
    if asked is Access.LISTED:
        return _("没有同意放在网站上，题名也不列，所以封存。")
    return _("网站和课程都没有同意，所以封存。")


def _unused(consent: Consent, access: Access) -> str:
    if access is Access.OPEN and not consent.allows(LESSON):
        return _("没有同意用在课程里，课文不能引用，礼包里也没有。")
    return ""
