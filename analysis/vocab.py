"""The closed vocabularies: every code a table may hold, with its meaning.

Each vocabulary is a plain ``dict`` from code to meaning.  The order of a
``dict`` is the order in which figures and tables show the codes, so nothing
downstream has to sort categories again.  ``ORDERED`` names the vocabularies
whose order is also a measurement scale.
"""

from __future__ import annotations

DATE_PRECISION = {
    "day": "exact day, written YYYY-MM-DD",
    "month": "the month is known, written YYYY-MM",
    "year": "the year is known, written YYYY",
    "approximate": "the source is vague (“early 2021”); written as finely as it allows",
}

INCIDENT_KIND = {
    "incident": "one operation or breach, bounded in time and target",
    "campaign": "a series of operations that an accuser treats as one",
}

REPLY_SEARCHED = {
    "found": "a reply by the accused state was found and is coded",
    "none_found": "a search was made in at least two languages or wordings; nothing was found",
    "not_searched": "no search for a reply has been made yet",
}

OPERATION_TYPE = {
    "espionage": "covert collection of information",
    "reconnaissance": "probing or tracking of targets without a shown intrusion",
    "hack_and_leak": "stolen material was published to influence an audience",
    "influence": "access used to spread messages or fabricated content",
    "disruption": "services made unavailable for a time (denial of service, outage)",
    "destruction": "data or equipment destroyed, or ransomware without a way back",
    "prepositioning": "access kept for a later disruptive use",
    "financial_theft": "money or crypto-assets stolen",
    "intellectual_property_theft": "commercial secrets or technology stolen",
    "mixed": "several of these, none dominant in the accusation",
}

TARGET_CATEGORY = {
    "government": "ministries, agencies and other executive bodies",
    "parliament": "parliaments, members and their staff",
    "election_body": "bodies that run elections or hold electoral rolls",
    "political_party": "parties and campaigns",
    "military": "armed forces and defence ministries",
    "defence_industry": "arms makers and defence contractors",
    "energy": "electricity, oil, gas, nuclear power",
    "water": "water supply, dams and sewage",
    "telecom": "telecommunications and internet providers, satellites",
    "transport": "aviation, railways, ports, logistics",
    "finance": "banks, payment systems, stock exchanges",
    "cryptocurrency": "crypto-asset exchanges, bridges and holders",
    "health": "hospitals, vaccine research, health services",
    "media": "broadcasters, newspapers, journalists",
    "research": "universities, research institutes, think tanks",
    "civil_society": "associations, activists, dissidents, diaspora, religious groups",
    "international_organisation": "intergovernmental organisations and their bodies",
    "sport": "sports and anti-doping bodies, games",
    "technology": "software, hardware and IT service firms",
    "company": "other firms",
    "individuals": "private persons as a group",
    "critical_infrastructure": "several infrastructure sectors, named as such",
    "other": "none of these",
}

ACTOR_KIND = {
    "group": "an activity cluster known by a name",
    "unit": "a unit of a state organ",
    "company": "a firm, front company or contractor",
    "persona": "a claimed hacktivist or criminal identity",
}

BODY_TYPE = {
    "head_of_government": "prime minister, chancellor",
    "presidential_office": "president and the office of the president, White House included",
    "cabinet": "the government as a collective",
    "minister": "a minister speaking in person",
    "ministry": "a ministry's own text or spokesperson",
    "agency": "intelligence, security or cyber agency, armed forces",
    "police": "police force or criminal investigation office",
    "prosecutor": "prosecution service, including the US Department of Justice",
    "court": "a court in a ruling",
    "parliament": "a parliament or one of its committees",
    "ambassador": "an ambassador or embassy",
    "intergovernmental": "an organ of an intergovernmental body",
}

STATE_LINK = {
    0: "no state named",
    1: "origin of the activity in a state or its territory",
    2: "affiliated, linked or associated with a state",
    3: "sponsored, backed, directed or controlled by a state",
    4: "a named state organ or its officers as the doer",
    5: "the state or government itself as the doer",
}

CONFIDENCE = {
    "none": "no word of confidence in the operative sentence",
    "possible": "possibly, may, suspected",
    "low_confidence": "low confidence",
    "likely": "likely, probably",
    "moderate_confidence": "moderate or medium confidence",
    "highly_likely": "highly likely, very likely, very probably",
    "high_confidence": "high confidence, highest level of confidence",
    "almost_certain": "almost certain(ly), practically certain",
}

STANCE = {
    "own": "accuses on its own evidence or assessment",
    "joint": "co-author of one text with authors from at least two states",
    "joined": "own text that makes another's accusation its own",
    "endorsed": "supports or shares another's assessment without making it its own",
    "acknowledged": "takes note of another's finding",
    "solidarity": "stands with the victim, no word on who did it",
}

FORM = {
    "statement": "written statement, press release or declaration",
    "press_conference": "spoken to the press",
    "parliamentary_statement": "statement or answer in parliament",
    "speech": "public speech",
    "testimony": "testimony before a committee or court",
    "indictment": "indictment, criminal complaint or charge",
    "court_ruling": "judgment or court order",
    "sanctions_notice": "designation or listing",
    "advisory": "technical advisory or alert",
    "report": "published report or threat assessment",
    "interview": "interview with the press",
    "article": "signed article by an official",
    "post": "post on a social network",
    "wanted_notice": "wanted notice or reward offer",
    "diplomatic_note": "note, demarche or letter between states or to a body",
    "other": "none of these",
}

RESPONSE_TYPE = {
    "statement": "public condemnation or demand, beyond the accusation itself",
    "support_statement": "public support for the accuser or the victim",
    "advisory": "technical warning or guidance published in answer",
    "demarche": "formal protest delivered to the accused state",
    "summons": "ambassador or chargé called in",
    "legislation": "law, executive order or new legal power",
    "entity_listing": "export-control or procurement listing",
    "arrest_or_warrant": "arrest, warrant or reward offer",
    "indictment": "criminal charges made public",
    "sanctions": "asset freeze, travel ban or similar listing",
    "takedown": "seizure or disabling of infrastructure",
    "expulsion": "diplomats or staff sent home, missions closed",
    "diplomatic_break": "relations suspended or broken off",
    "counter_operation": "own cyber operation in answer, publicly confirmed",
    "other": "none of these",
}

# The order above is the report's response ladder; these rungs belong together.
RESPONSE_RUNG = {
    "verbal": ("statement", "support_statement"),
    "technical": ("advisory", "takedown"),
    "diplomatic": ("demarche", "summons", "expulsion", "diplomatic_break"),
    "legal": ("indictment", "arrest_or_warrant", "legislation"),
    "economic": ("sanctions", "entity_listing"),
    "other": ("counter_operation", "other"),
}

OFFICE = {
    "head_of_state_or_government": "president, prime minister, supreme leader, their spokespersons",
    "foreign_ministry": "foreign ministry, its minister and spokespersons",
    "embassy": "an embassy or consulate",
    "mission": "a mission to an international organisation",
    "defence_ministry": "defence ministry or armed forces",
    "security_service": "intelligence or security service",
    "cyber_agency": "cyber agency or national computer emergency team",
    "other_ministry": "another ministry or government office",
    "parliament": "a parliament or its members speaking for the state",
    "state_media": "a state medium in the name of the state",
    "other": "none of these",
}

CHANNEL = {
    "press_conference": "regular or special press conference",
    "written_statement": "statement published by the office",
    "press_query": "answer given to a journalist",
    "interview": "interview or broadcast appearance",
    "social_media": "post on a social network",
    "speech": "speech or remark at an event",
    "international_meeting": "statement at the UN or another body",
    "diplomatic_note": "note or letter made public",
    "state_media": "commentary or dispatch of a state news agency",
    "report": "published report",
    "other": "none of these or not stated",
}

POSTURE = {
    "denies": "any words that reject the truth of this charge",
    "objects_without_denying": "attacks motive, evidence or sanctions, does not reject the charge",
    "neither_confirms_nor_denies": "says that it will neither confirm nor deny",
    "no_comment": "a spoken refusal to comment",
    "admits": "accepts the charge in whole or part",
}

STRATEGY = {
    "flat_denial": "non-involvement, or false, baseless, groundless, fabricated, said of this charge",
    "evidence_challenge": "says that proof is missing, weak or withheld",
    "counter_accusation": "alleges cyber acts or spying by the accuser or an ally",
    "politicisation": "imputes a motive to the charge (smear, pretext, campaign)",
    "victim_claim": "says that it is itself a victim of cyber attacks",
    "countermeasure_threat": "threatens or announces measures",
    "cooperation_offer": "offers or recalls talks, channels or joint work on cyber matters",
    "sanctions_objection": "objects to sanctions, charges or listings as such",
    "principle_claim": "opposes cyber attacks in general or says it fights them by law",
    "non_interference": "says that it never interferes or that others must not",
    "ridicule": "mocks the charge, in words listed in CODING.md",
    "identity_denial": "says that the accused persons or groups are not its own",
    "alternative_account": "gives another technical or factual account of the event",
    "third_party_plot": "says that another actor did it or engineered the quarrel",
}

STATEMENT_KIND = {
    "joint_text": "one text with authors from at least two states or bodies",
    "coordinated_day": "separate texts published on an agreed day or days",
    "package": "acts of one state or body on one day that belong together or name several incidents",
    "reply": "one reply that answers accusations over several incidents",
}

PUBLISHER_CLASS = {
    "official": "site of the state organ or body that acted",
    "official_copy": "faithful copy of the official text elsewhere",
    "news_agency": "news agency",
    "press": "newspaper, broadcaster, magazine",
    "state_media": "medium owned or directed by a state party to the dispute",
    "specialist_press": "trade press for security, law or diplomacy",
    "research": "university, think tank, research database, law journal",
    "legal": "law firm or legal information service",
    "vendor": "security or technology firm",
    "encyclopedia": "encyclopedia",
    "blog": "personal or company blog, newsletter",
    "other": "none of these",
}

SUPPORTS = {
    "act": "that the act took place and who did it",
    "date": "the date",
    "wording": "the wording that is coded",
    "counts": "numbers of persons, entities or targets",
    "contestation": "that the response was contested at home",
    "background": "the setting: targets, actor, course of events",
    "beforehand": "that the act was announced, on a page older than the act",
}

SCREENING_OUTCOME = {
    "coded": "an incident was coded from it",
    "duplicate": "it is an incident, or part of one, that is coded already",
    "excluded": "pages were read, and it fails an inclusion rule",
    "no_page": "searched, and no page was found that would carry a row",
    "not_reached": "not looked into yet",
}

EXCLUSION = {
    "no_government_attribution": "no government or body accused anybody in public; a firm, the press or unnamed officials did",
    "no_state_link": "a government spoke, but tied nobody to a state",
    "not_cyber_incident": "not a cyber incident",
    "not_public": "said off the record or leaked only",
    "too_vague": "no bounded incident or campaign can be told from the pages",
}

CITED_TABLES = {
    "incidents": "supports an incident",
    "targets": "supports a target",
    "actors": "supports an actor",
    "attributions": "supports an attribution",
    "responses": "supports a response",
    "denials": "supports a reply",
    "statements": "supports a statement",
}

STATE_KIND = {
    "state": "state or territory with an ISO 3166-1 code",
    "body": "intergovernmental body",
}

GROUP = {
    "FVEY": "Five Eyes intelligence partnership",
    "EU": "European Union",
    "NATO": "North Atlantic Treaty Organization",
    "G7": "Group of Seven",
}

VERDICT = {
    "right": "pages show what the row says",
    "nuance": "right in substance, but a cell could be better",
    "wrong": "a coded cell or a stated fact contradicts the pages",
    "not_found": "no page was found that shows or contradicts the row",
}

FLAG = {0: "no", 1: "yes"}

ORDERED = ("STATE_LINK", "CONFIDENCE", "STANCE")
