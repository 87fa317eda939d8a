"""EKC (ЕКЦ): a contact-centre engine on Asterisk for citizens' hotlines."""
