"""Explain in a sentence why a recording is open, for classrooms, listed or sealed."""

from cunshi.core.i18n import _
from cunshi.domain.access import AccessDecision, AccessReason
from cunshi.domain.consent import Access, Consent


def why(decision: AccessDecision, consent: Consent) -> str:
    """Return the reason for a decision, with a remedy; the dates are those of the consent."""
    words = {
        (Access.SEALED, AccessReason.WITHDRAWN): _("{day} 撤回了同意，所以封存。"),
        (Access.SEALED, AccessReason.NOT_GIVEN): _("没有登记同意书，所以封存。"),
        (Access.SEALED, AccessReason.NOT_SIGNED): _("同意书没有写签署日期，所以封存。"),
        (Access.SEALED, AccessReason.EXPIRED): _("同意书 {day} 到期了，所以封存。"),
        (Access.SEALED, AccessReason.NOT_FOR_ARCHIVE): _(
            "没有同意存档，所以封存。请和讲述人商量：另签一份，还是把录音还给他。"
        ),
        (Access.SEALED, AccessReason.EMBARGO): _("讲好了 {day} 以前不公开，所以先封存。"),
        (Access.SEALED, AccessReason.NO_GUARDIAN): _(
            "未成年人要监护人同意，还没有写监护人，所以封存。"
        ),
        (Access.SEALED, AccessReason.MINOR): _(
            "未成年人的录音先封存。监护人愿意公开，再在“谁能听”里选。"
        ),
        (Access.SEALED, AccessReason.ARCHIVE_ONLY): _("网站和课程都没有同意，所以封存。"),
        (Access.CLASSROOM, AccessReason.NOT_FOR_WEBSITE): _(
            "没有同意放在网站上，只同意用在课程里，所以只供课堂。"
        ),
        (Access.SEALED, AccessReason.NOT_FOR_WEBSITE): _(
            "没有同意放在网站上，题名也不列，所以封存。"
        ),
        (Access.OPEN, AccessReason.NOT_FOR_LESSONS): _("同意书有效，下次发布就在网站上。")
        + _("没有同意用在课程里，课文不能引用，礼包里也没有。"),
        (Access.SEALED, AccessReason.NOT_FOR_LESSONS): _(
            "没有同意用在课程里，所以不能只供课堂，先封存。"
        ),
        (Access.OPEN, AccessReason.OPEN): _("同意书有效，下次发布就在网站上。"),
        (Access.CLASSROOM, AccessReason.ASKED): _("只供课堂：不上网站，只在 U 盘礼包里。"),
        (Access.LISTED, AccessReason.ASKED): _("网站上只列题名、讲述人和日期，不能听，没有文字。"),
        (Access.SEALED, AccessReason.ASKED): _("“谁能听”选了封存。"),
    }
    days = {
        AccessReason.WITHDRAWN: consent.withdrawn_on,
        AccessReason.EXPIRED: consent.until,
        AccessReason.EMBARGO: consent.embargo,
    }
    return words[decision.level, decision.reason].format(day=days.get(decision.reason))
