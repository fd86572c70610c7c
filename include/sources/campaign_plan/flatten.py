"""Campaign files as rows: one function per stream, keys named like the columns."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import TYPE_CHECKING, Any

from include.sources._base import Document

if TYPE_CHECKING:  # pydantic is not wanted when DAG files import the source
    from include.campaigns.model import CampaignPlan, Creator, Validity

Rows = Callable[["CampaignPlan", str], Iterator[Document]]


def plan_versions(plan: CampaignPlan, version: str) -> Iterator[Document]:
    """The whole file as one value."""
    yield _row(plan, plan_version=version, document=plan.model_dump(mode="json"))


def campaigns(plan: CampaignPlan, version: str) -> Iterator[Document]:
    """The campaign, one row."""
    campaign = plan.campaign
    yield _row(
        plan,
        plan_version=version,
        campaign_name=campaign.name,
        brand_name=plan.brand.name,
        brand_handles=dict(plan.brand.handles),
        brand_category=plan.brand.category,
        shop_connection_id=plan.shop.connection_id,
        further_shop_connection_ids=list(plan.shop_ids[1:]),
        start_date=campaign.start_date,
        end_date=campaign.end_date,
        reporting_timezone=plan.reporting_timezone,
        currency_code=plan.currency,
        hashtag=campaign.hashtag,
        utm_campaign=campaign.utm_campaign,
        lookback_days=campaign.lookback_days,
        lookback_days_by_evidence=dict(campaign.lookback_days_by_evidence),
        default_attribution_model=campaign.default_attribution_model,
        default_rule_version=campaign.default_rule_version,
        fulfilment_cost_rate=campaign.fulfilment_cost_rate,
        exploration_rate=campaign.exploration_rate,
        budget_amount=campaign.budget_amount,
        expected_order_value_amount=campaign.expected_order_value,
    )


def creators(plan: CampaignPlan, version: str) -> Iterator[Document]:
    """One row per creator."""
    for creator in plan.creators:
        yield _of(
            plan,
            creator,
            creator_name=creator.name,
            tier=creator.tier,
            country_code=creator.country,
            creator_kind=creator.kind,
        )


def creator_accounts(plan: CampaignPlan, version: str) -> Iterator[Document]:
    """One row per account of a creator."""
    for creator in plan.creators:
        for account in creator.accounts:
            yield _of(
                plan,
                creator,
                platform=account.platform,
                handle=account.handle,
                access_path=account.access_path,
            )


def contracts(plan: CampaignPlan, version: str) -> Iterator[Document]:
    """One row per creator; a file holds one contract with each."""
    for creator in plan.creators:
        contract = creator.contract
        # What the terms say where there are any; their fees are parts of the whole one.
        last = max(contract.terms, key=lambda term: term.valid_from, default=contract)
        yield _of(
            plan,
            creator,
            contract_id=_contract_id(plan, creator),
            fee_amount=contract.fee,
            product_cost_amount=contract.product_cost,
            shipping_cost_amount=contract.shipping_cost,
            platform_fee_amount=contract.platform_fee,
            product_sent_date=contract.product_sent_date,
            commission_rate=last.commission_rate,
            rule_version=last.rule_version,
            signed_date=contract.signed_date,
            currency_code=contract.currency or plan.currency,
            commission_model=contract.commission_model,
            commission_hold_days=contract.commission_hold_days,
            commission_payouts=[
                payout.model_dump(mode="json") for payout in contract.commission_payouts
            ],
        )


def contract_terms(plan: CampaignPlan, version: str) -> Iterator[Document]:
    """One row per term of a contract that changes in time."""
    for creator in plan.creators:
        terms = sorted(creator.contract.terms, key=lambda term: term.valid_from)
        for number, term in enumerate(terms, start=1):
            yield _of(
                plan,
                creator,
                contract_id=_contract_id(plan, creator),
                term_number=number,
                fee_amount=term.fee,
                commission_rate=term.commission_rate,
                rule_version=term.rule_version,
                signed_date=term.signed_date,
                **_validity(term),
            )


def payments(plan: CampaignPlan, version: str) -> Iterator[Document]:
    """One row per instalment of a fee."""
    for creator in plan.creators:
        for number, payment in enumerate(creator.contract.payments, start=1):
            yield _of(
                plan,
                creator,
                payment_number=number,
                payment_amount=payment.amount,
                due_date=payment.due_date,
                milestone=payment.milestone,
                deliverable_id=payment.deliverable,
                currency_code=creator.contract.currency or plan.currency,
            )


def exclusivities(plan: CampaignPlan, version: str) -> Iterator[Document]:
    """One row per promise not to work for others."""
    for creator in plan.creators:
        for number, promise in enumerate(creator.exclusivity, start=1):
            yield _of(
                plan,
                creator,
                exclusivity_number=number,
                category=promise.category,
                competitor_brands=list(promise.competitor_brands),
                **_validity(promise),
            )


def usage_rights(plan: CampaignPlan, version: str) -> Iterator[Document]:
    """One row per right to use a creator's content."""
    for creator in plan.creators:
        for number, right in enumerate(creator.usage_rights, start=1):
            yield _of(
                plan,
                creator,
                usage_right_number=number,
                channels=list(right.channels),
                is_paid_usage=right.is_paid_usage,
                territory=list(right.territory),
                **_validity(right),
            )


def events(plan: CampaignPlan, version: str) -> Iterator[Document]:
    """One row per event that moves sales beside the creators."""
    for event in plan.events:
        yield _row(
            plan,
            event_id=event.id,
            event_kind=event.kind,
            event_name=event.name,
            **_validity(event),
        )


def experiment_arms(plan: CampaignPlan, version: str) -> Iterator[Document]:
    """One row per arm of an experiment."""
    for experiment in plan.experiments:
        for arm in experiment.arms:
            yield _row(
                plan,
                experiment_id=experiment.id,
                experiment_kind=experiment.kind,
                arm_id=arm.id,
                arm_role=arm.role,
                share=arm.share,
                regions=list(arm.regions),
                creator_ids=list(arm.creators),
                **_validity(experiment),
            )


def deliverables(plan: CampaignPlan, version: str) -> Iterator[Document]:
    """One row per promised piece."""
    for creator in plan.creators:
        for piece in creator.deliverables:
            yield _of(
                plan,
                creator,
                deliverable_id=piece.id,
                platform=piece.platform,
                content_format=piece.format,
                planned_date=piece.planned_date,
                due_date=piece.due_date,
                content_mechanic=piece.mechanic,
                call_to_action=piece.call_to_action,
                promised_length_seconds=piece.length_seconds,
                promised_views_count=piece.promised_views,
                draft_due_date=piece.draft_due_date,
                draft_submitted_date=piece.draft_submitted_date,
                approved_date=piece.approved_date,
                revision_count=piece.revision_rounds,
                reshared_date=piece.reshared_date,
            )


def codes(plan: CampaignPlan, version: str) -> Iterator[Document]:
    """One row per code and validity."""
    for creator in plan.creators:
        for code in creator.codes:
            yield _of(
                plan,
                creator,
                code=code.code,
                discount_rate=code.discount_rate,
                compromised_from=code.compromised_from,
                **_validity(code),
            )


def links(plan: CampaignPlan, version: str) -> Iterator[Document]:
    """One row per tracked link."""
    for creator in plan.creators:
        for link in creator.links:
            yield _of(
                plan,
                creator,
                link_id=link.id,
                utm_source=link.utm_source,
                utm_medium=link.utm_medium,
                utm_campaign=link.utm_campaign,
                utm_content=link.utm_content,
                **_validity(link),
            )


def landing_pages(plan: CampaignPlan, version: str) -> Iterator[Document]:
    """One row per landing page of a creator."""
    for creator in plan.creators:
        for page in creator.landing_pages:
            yield _of(plan, creator, path=page.path, **_validity(page))


def goals(plan: CampaignPlan, version: str) -> Iterator[Document]:
    """One row per goal."""
    for goal in plan.goals:
        yield _row(
            plan,
            goal_id=goal.id,
            metric=goal.metric,
            unit=goal.unit,
            scope=goal.scope,
            target_value=goal.target_value,
            baseline_date=goal.baseline_date,
        )


def candidates(plan: CampaignPlan, version: str) -> Iterator[Document]:
    """One row per candidate, with the criteria of the campaign."""
    criteria = plan.candidate_criteria.model_dump()
    asked = {key: list(v) if isinstance(v, tuple) else v for key, v in criteria.items()}
    for candidate in plan.candidates:
        yield _row(
            plan,
            platform=candidate.platform,
            handle=candidate.handle,
            niche=candidate.niche,
            region=candidate.region,
            quoted_price_amount=candidate.quoted_price,
            quoted_piece_count=candidate.quoted_pieces,
            currency_code=plan.currency,
            candidate_status=candidate.status,
            contacted_date=candidate.contacted_date,
            creator_id=candidate.creator,
            evaluator=candidate.evaluator,
            evaluated_date=candidate.evaluated_date,
            followers_count=candidate.followers,
            sampled_post_count=candidate.sampled_posts,
            sampled_engagement_count=candidate.sampled_engagements,
            niche_post_count=candidate.niche_posts,
            collaboration_count=candidate.collaborations,
            collaboration_note=candidate.collaboration_note,
            audience_overlap_rate=candidate.audience_overlap,
            note=candidate.note,
            **asked,
        )


def _contract_id(plan: CampaignPlan, creator: Creator) -> str:
    return f"{plan.campaign.id}.{creator.id}"


def _of(plan: CampaignPlan, creator: Creator, **values: Any) -> Document:
    return _row(plan, creator_id=creator.id, **values)


def _row(plan: CampaignPlan, **values: Any) -> Document:
    return {"campaign_id": plan.campaign.id, **values}


def _validity(item: Validity) -> Mapping[str, Any]:
    return {"valid_from": item.valid_from, "valid_to": item.valid_to}
