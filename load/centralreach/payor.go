package centralreach

import (
	"regexp"
	"strings"

	"github.com/chartbridge/chartbridge/etl"
	"github.com/chartbridge/chartbridge/transform"
)

// The payors of a client are objects with an endpoint of their own
// (destinations-facts, B5). Each patient has one of each kind, or none.
const (
	primaryPayor   = "primary_payor"
	secondaryPayor = "secondary_payor"
	tertiaryPayor  = "tertiary_payor"
)

// payorParts is DrChrono's insurance that each kind comes from.
var payorParts = []struct{ object, part string }{{primaryPayor, "primary"}, {secondaryPayor, "secondary"}, {tertiaryPayor, "tertiary"}}

func isPayor(object string) bool {
	return object == primaryPayor || object == secondaryPayor || object == tertiaryPayor
}

func payorShapes() (list []transform.Shape) {
	for _, p := range payorParts {
		list = append(list, transform.Shape{Destination: Name, Object: p.object, Endpoint: "patients",
			Columns: transform.Columns(payorFields), Judge: judgePayor(p.part)})
	}
	return list
}

// payorFields is the body of contacts/clients/{id}/payors; a dot stands for an
// object within it. Names differ from those of the payors that an import of
// clients takes. clientId stands in the path, not in the body.
var payorFields = []transform.Field[transform.NamedInsurance]{
	{Name: "clientId", Type: transform.Theirs, Required: true, From: "patients.id; in the path",
		Get: func(_ transform.NamedInsurance, c *transform.Case) transform.Value {
			return c.Need(client, c.Source.ID)
		}},
	{Name: "payorType", Type: transform.Integer, Required: true, From: "primary 1, secondary 2, tertiary 3",
		Get: func(i transform.NamedInsurance, _ *transform.Case) transform.Value { return transform.Int(i.Sequence) }},
	{Name: "insurance.planId", Type: transform.Integer, Required: true, Lookup: "insurancePlan",
		From: "patients.*_insurance.insurance_payer_id, else patients.*_insurance.insurance_company",
		Get: func(i transform.NamedInsurance, c *transform.Case) transform.Value {
			_, plan := planOf(i, c)
			return plan
		}},
	{Name: "insurance.companyId", Type: transform.Integer, From: "the lookup insurancePlan, where its id has the form company/plan",
		Get: func(i transform.NamedInsurance, c *transform.Case) transform.Value {
			company, _ := planIDs(i, c)
			return transform.Raw(company)
		}},
	{Name: "insurance.status", Type: transform.Integer, From: "1, current",
		Get: func(transform.NamedInsurance, *transform.Case) transform.Value { return transform.Int(1) }},
	{Name: "insurance.groupNumber", Type: transform.Text, From: "patients.*_insurance.insurance_group_number",
		Get: text(func(i transform.NamedInsurance) transform.Scalar { return i.GroupNumber })},
	{Name: "insurance.groupName", Type: transform.Text, From: "patients.*_insurance.insurance_group_name",
		Get: text(func(i transform.NamedInsurance) transform.Scalar { return i.GroupName })},
	{Name: "insurance.subscriberInfo.subscriberId", Type: transform.Text, From: "patients.*_insurance.insurance_id_number",
		Get: text(func(i transform.NamedInsurance) transform.Scalar { return i.IDNumber })},
	{Name: "insurance.subscriberInfo.firstName", Type: transform.Text, From: "patients.*_insurance.subscriber_first_name",
		Get: text(func(i transform.NamedInsurance) transform.Scalar { return i.FirstName })},
	{Name: "insurance.subscriberInfo.lastName", Type: transform.Text, From: "patients.*_insurance.subscriber_last_name",
		Get: text(func(i transform.NamedInsurance) transform.Scalar { return i.LastName })},
	{Name: "insurance.subscriberInfo.birthDate", Type: transform.Stamp, From: "patients.*_insurance.subscriber_date_of_birth, midnight UTC",
		Get: func(i transform.NamedInsurance, c *transform.Case) transform.Value { return birth(i.BirthDate, c) }},
	{Name: "insurance.patientInfo.relationType", Type: transform.Text, From: "patients.*_insurance.patient_relationship_to_subscriber, its code as a word",
		Get: text(relation)},
}

// relations are the words for those codes of DrChrono's that have one beyond
// doubt: CentralReach takes words, such as Child (destinations-facts, B5).
var relations = map[string]transform.Scalar{"01": "Spouse", "18": "Self", "19": "Child"}

var relationCode = regexp.MustCompile(`^\w\d$`)

// relation leaves out a code without a word.
func relation(i transform.NamedInsurance) transform.Scalar {
	if code := i.Relation.String(); relationCode.MatchString(code) {
		return relations[code]
	}
	return i.Relation
}

func text(of func(transform.NamedInsurance) transform.Scalar) func(transform.NamedInsurance, *transform.Case) transform.Value {
	return func(i transform.NamedInsurance, _ *transform.Case) transform.Value {
		return transform.String(of(i).String())
	}
}

// planOf is the account's plan for an insurance. The lookup's id is a plan's,
// or company/plan, since accepted-insurances has both in each of its rows.
func planOf(i transform.NamedInsurance, c *transform.Case) (company string, plan transform.Value) {
	key := i.Payer()
	id := c.Lookup("insurancePlan", key, `payer "`+key+`"`)
	company, id = cutPlan(id)
	return company, transform.Raw(id)
}

// planIDs is planOf without a problem of its own: planId has told it.
func planIDs(i transform.NamedInsurance, c *transform.Case) (company, plan string) {
	id, _ := c.Lookups.Find(Name, "insurancePlan", i.Payer())
	return cutPlan(id)
}

func cutPlan(id string) (company, plan string) {
	if company, plan, both := strings.Cut(id, "/"); both {
		return strings.TrimSpace(company), strings.TrimSpace(plan)
	}
	return "", id
}

// judgePayor maps one of a patient's insurances. One that is not there any more
// stays there, for people to archive.
func judgePayor(part string) func(*transform.Case) []transform.Verdict {
	return func(c *transform.Case) []transform.Verdict {
		p, fault := c.AsPatient()
		if fault != "" {
			return one(transform.Unreadable(fault))
		}
		insurance, insured := p.Insurance(part)
		switch {
		case !c.RoutesPatient(p):
			return excluded(etl.CauseRoute)
		case !insured:
			return excluded(etl.CauseNoInsurance)
		}
		return one(transform.Map(payorFields, insurance, c))
	}
}
